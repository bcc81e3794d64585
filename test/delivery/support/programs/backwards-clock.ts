/** Loaded before a program: its clock goes back by an hour each time it is read. */
const start = Number(process.env.TEST_CLOCK_START ?? Date.now());
let reads = 0;
Date.now = () => {
  reads += 1;
  return start - reads * 3_600_000;
};
