import { fstatSync, statSync } from 'node:fs';

/**
 * Whether what is written to a descriptor goes nowhere. Node opens the null device in place of a standard stream that was
 * closed at the start, so the two look the same. False on Windows, where the null device has no name to compare with.
 */
export function isNullDevice(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor);
    return found.isCharacterDevice() && found.rdev === statSync('/dev/null').rdev;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EBADF';
  }
}
