/**
 * The host of a page as rules compare it, or null where the text is no URL: lower case, punycode, without port, user
 * info and trailing dot, IP literals in canonical form. A missing scheme is taken as https.
 */
export function hostOf(pageurl: string): string | null {
  const text = pageurl.trim();
  // Browsers read `https:host` and `https:\\host` as `https://host`; a rule that did not could be walked around.
  const withScheme = /^(https?:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text) ? text : `https://${text.replace(/^\/\//, '')}`;
  if (!URL.canParse(withScheme)) return null;
  const host = new URL(withScheme).hostname.toLowerCase().replace(/\.+$/, '');
  return host === '' ? null : host;
}
