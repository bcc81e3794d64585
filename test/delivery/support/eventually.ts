export { until as eventually } from "../../support/until.js";
