/** Thrown where the place that a fleet shares cannot be reached, or refuses; the message says why, without passwords. */
export class FleetAway extends Error {
  override readonly name = 'FleetAway';
}
