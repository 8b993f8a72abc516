/** A location in degrees: latitude -90..90, longitude -180..180. */
export type Location = readonly [latitude: number, longitude: number];

const earthRadiusKm = 6_371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The great-circle distance between two locations in km, on a sphere (haversine formula); accurate to 0.6 %. */
export function greatCircleKm([latitudeA, longitudeA]: Location, [latitudeB, longitudeB]: Location): number {
  const halfLatitude = Math.sin(radians(latitudeB - latitudeA) / 2);
  const halfLongitude = Math.sin(radians(longitudeB - longitudeA) / 2);
  const along = Math.cos(radians(latitudeA)) * Math.cos(radians(latitudeB));
  const haversine = halfLatitude ** 2 + along * halfLongitude ** 2;
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, haversine)));
}
