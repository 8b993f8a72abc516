import { africa } from './countries/africa.ts';
import { americas } from './countries/americas.ts';
import { asia } from './countries/asia.ts';
import type { Country } from './countries/country.ts';
import { europe } from './countries/europe.ts';
import { oceania } from './countries/oceania.ts';

/** Every country whose domain says where its sites are: those of ISO 3166 that the root zone has, with .eu, .su and .uk. */
export const countries: readonly Country[] = [...africa, ...americas, ...asia, ...europe, ...oceania].map(
  ([domain, name, centre, latitude, longitude]) => ({ domain, name, centre, location: [latitude, longitude] }),
);
