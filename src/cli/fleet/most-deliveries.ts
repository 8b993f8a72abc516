/**
 * A task that was handed to workers more often than this is set aside. A worker that dies or drains hands on what it has,
 * so a few are nothing unusual.
 */
export const mostDeliveries = 20;
