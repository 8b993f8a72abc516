/** A segment of a path with one spelling of every character, however it was percent-encoded. */
export function canonicalSegment(segment: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(segment));
  } catch {
    // Not UTF-8, or not percent-encoded at all: as it stands is the one spelling it has.
    return segment;
  }
}

/** The segments of a URL's `pathname` as they stand there, without that first empty one before the slash. */
export function pathSegments(pathname: string): readonly string[] {
  return pathname.split('/').slice(1);
}
