import type { CountryRow } from './country.ts';

/** Australia, New Zealand and the islands of the Pacific. */
export const oceania: readonly CountryRow[] = [
  ['au', 'Australia', 'Sydney', -33.9, 151.2],
  ['ck', 'The Cook Islands', 'Avarua', -21.2, -159.8],
  ['fj', 'Fiji', 'Suva', -18.1, 178.4],
  ['gu', 'Guam', 'Dededo', 13.5, 144.8],
  ['ki', 'Kiribati', 'Tarawa', 1.3, 173.0],
  ['mh', 'The Marshall Islands', 'Majuro', 7.1, 171.2],
  ['mp', 'The Northern Mariana Islands', 'Saipan', 15.2, 145.7],
  ['nc', 'New Caledonia', 'Nouméa', -22.3, 166.5],
  ['nf', 'Norfolk Island', 'Kingston', -29.1, 168.0],
  ['nr', 'Nauru', 'Yaren', -0.5, 166.9],
  ['nz', 'New Zealand', 'Auckland', -36.8, 174.8],
  ['pf', 'French Polynesia', 'Papeete', -17.5, -149.6],
  ['pg', 'Papua New Guinea', 'Port Moresby', -9.4, 147.2],
  ['pn', 'Pitcairn', 'Adamstown', -25.1, -130.1],
  ['sb', 'The Solomon Islands', 'Honiara', -9.4, 160.0],
  ['vu', 'Vanuatu', 'Port Vila', -17.7, 168.3],
  ['wf', 'Wallis and Futuna', 'Mata-Utu', -13.3, -176.2],
];
