import type { Location } from './great-circle.ts';

type CloudRegion = readonly [name: string, place: string, latitude: number, longitude: number];

/** Amazon Web Services: the nearest city that its documentation names for the region. */
const aws: readonly CloudRegion[] = [
  ['af-south-1', 'Cape Town', -33.9, 18.4],
  ['ap-east-1', 'Hong Kong', 22.3, 114.2],
  ['ap-east-2', 'Taipei', 25.0, 121.6],
  ['ap-northeast-1', 'Tokyo', 35.7, 139.7],
  ['ap-northeast-2', 'Seoul', 37.6, 127.0],
  ['ap-northeast-3', 'Osaka', 34.7, 135.5],
  ['ap-south-1', 'Mumbai', 19.1, 72.9],
  ['ap-south-2', 'Hyderabad', 17.4, 78.5],
  ['ap-southeast-1', 'Singapore', 1.3, 103.8],
  ['ap-southeast-2', 'Sydney', -33.9, 151.2],
  ['ap-southeast-3', 'Jakarta', -6.2, 106.8],
  ['ap-southeast-4', 'Melbourne', -37.8, 145.0],
  ['ap-southeast-5', 'Kuala Lumpur', 3.1, 101.7],
  ['ap-southeast-6', 'Auckland', -36.8, 174.8],
  ['ap-southeast-7', 'Bangkok', 13.8, 100.5],
  ['ca-central-1', 'Montreal', 45.5, -73.6],
  ['ca-west-1', 'Calgary', 51.0, -114.1],
  ['cn-north-1', 'Beijing', 39.9, 116.4],
  ['cn-northwest-1', 'Zhongwei', 37.5, 105.2],
  ['eu-central-1', 'Frankfurt', 50.1, 8.7],
  ['eu-central-2', 'Zurich', 47.4, 8.5],
  ['eu-north-1', 'Stockholm', 59.3, 18.1],
  ['eu-south-1', 'Milan', 45.5, 9.2],
  ['eu-south-2', 'Zaragoza', 41.6, -0.9],
  ['eu-west-1', 'Dublin', 53.3, -6.3],
  ['eu-west-2', 'London', 51.5, -0.1],
  ['eu-west-3', 'Paris', 48.9, 2.4],
  ['eusc-de-east-1', 'Potsdam', 52.4, 13.1],
  ['il-central-1', 'Tel Aviv', 32.1, 34.8],
  ['me-central-1', 'Dubai', 25.2, 55.3],
  ['me-south-1', 'Manama', 26.2, 50.6],
  ['mx-central-1', 'Querétaro', 20.6, -100.4],
  ['sa-east-1', 'São Paulo', -23.5, -46.6],
  ['us-east-1', 'Ashburn', 39.0, -77.5],
  ['us-east-2', 'Columbus', 40.0, -83.0],
  ['us-gov-east-1', 'Columbus', 40.0, -83.0],
  ['us-gov-west-1', 'Boardman', 45.8, -119.7],
  ['us-west-1', 'San José', 37.3, -121.9],
  ['us-west-2', 'Boardman', 45.8, -119.7],
];

/** Google Cloud: the town that its documentation names for the region. */
const google: readonly CloudRegion[] = [
  ['africa-south1', 'Johannesburg', -26.2, 28.0],
  ['asia-east1', 'Changhua', 24.1, 120.5],
  ['asia-east2', 'Hong Kong', 22.3, 114.2],
  ['asia-northeast1', 'Tokyo', 35.7, 139.7],
  ['asia-northeast2', 'Osaka', 34.7, 135.5],
  ['asia-northeast3', 'Seoul', 37.6, 127.0],
  ['asia-south1', 'Mumbai', 19.1, 72.9],
  ['asia-south2', 'Delhi', 28.7, 77.2],
  ['asia-southeast1', 'Singapore', 1.3, 103.8],
  ['asia-southeast2', 'Jakarta', -6.2, 106.8],
  ['australia-southeast1', 'Sydney', -33.9, 151.2],
  ['australia-southeast2', 'Melbourne', -37.8, 145.0],
  ['europe-central2', 'Warsaw', 52.2, 21.0],
  ['europe-north1', 'Hamina', 60.6, 27.2],
  ['europe-north2', 'Stockholm', 59.3, 18.1],
  ['europe-southwest1', 'Madrid', 40.4, -3.7],
  ['europe-west1', 'Saint-Ghislain', 50.4, 3.8],
  ['europe-west10', 'Berlin', 52.5, 13.4],
  ['europe-west12', 'Turin', 45.1, 7.7],
  ['europe-west2', 'London', 51.5, -0.1],
  ['europe-west3', 'Frankfurt', 50.1, 8.7],
  ['europe-west4', 'Eemshaven', 53.4, 6.8],
  ['europe-west6', 'Zurich', 47.4, 8.5],
  ['europe-west8', 'Milan', 45.5, 9.2],
  ['europe-west9', 'Paris', 48.9, 2.4],
  ['me-central1', 'Doha', 25.3, 51.5],
  ['me-central2', 'Dammam', 26.4, 50.1],
  ['me-west1', 'Tel Aviv', 32.1, 34.8],
  ['northamerica-northeast1', 'Montreal', 45.5, -73.6],
  ['northamerica-northeast2', 'Toronto', 43.7, -79.4],
  ['northamerica-south1', 'Querétaro', 20.6, -100.4],
  ['southamerica-east1', 'São Paulo', -23.5, -46.6],
  ['southamerica-west1', 'Santiago', -33.4, -70.7],
  ['us-central1', 'Council Bluffs', 41.3, -95.9],
  ['us-east1', 'Moncks Corner', 33.2, -80.0],
  ['us-east4', 'Ashburn', 39.0, -77.5],
  ['us-east5', 'Columbus', 40.0, -83.0],
  ['us-south1', 'Dallas', 32.8, -96.8],
  ['us-west1', 'The Dalles', 45.6, -121.2],
  ['us-west2', 'Los Angeles', 34.1, -118.2],
  ['us-west3', 'Salt Lake City', 40.8, -111.9],
  ['us-west4', 'Las Vegas', 36.2, -115.1],
];

const locations = new Map<string, Location>(
  [...aws, ...google].map(([name, , latitude, longitude]) => [name, [latitude, longitude]]),
);

/** Where the region of a cloud is, by the name that Amazon Web Services or Google Cloud gives it; null for other names. */
export function cloudRegionLocation(name: string): Location | null {
  return locations.get(name.toLowerCase()) ?? null;
}

/** The names of all regions whose place is built in. */
export function knownCloudRegions(): readonly string[] {
  return [...locations.keys()];
}
