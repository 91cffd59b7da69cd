// Waiting with a deadline.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 5000;

/** Resolves to the first truthy value of `condition`, or fails naming `what` was awaited. */
export async function until(condition, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`still waiting after ${patience} ms: ${what}`);
    await pause(5);
  }
}

/** Waits until `actual()` deep-equals `expected`; on failure shows the difference. */
export async function becomes(actual, expected, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await actual();
    try {
      return assert.deepEqual(value, expected);
    } catch (difference) {
      if (Date.now() > end) throw difference;
    }
    await pause(5);
  }
}

/** The window in which a message that nobody may get would have come. */
export const windowForStrays = () => pause(300);
