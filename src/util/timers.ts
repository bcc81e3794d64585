/** The longest delay that Node's timers support, in milliseconds; a timer with a longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
