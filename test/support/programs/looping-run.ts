/** looping-run.ts URL FOLDER: trains without end in a run with `signals`. Prints "ready" after the first step. */
import { DashboardClient } from "../../../src/index.js";

const [baseUrl = "", logDir = ""] = process.argv.slice(2);
const client = new DashboardClient({ baseUrl, logDir, apiKey: "k", projectId: "p" });
await client.withRun({ experiment_name: "loop", signals: true }, async (run) => {
  for (let step = 0; ; step += 1) {
    void run.logStep(step, { accuracy: step }, { split: "val" });
    await run.logStep(step, { loss: 1 });
    if (step % 50 === 0) {
      await run.logEval({ metrics: { accuracy: step } });
      await run.addCheckpoint({ uri: "u" });
      await run.logPredictions([{ kind: "eval", instruction: "i", model_output: "o" }]);
      await run.updateRun({ note: "n" });
      await run.updateExperiment({ plan: "p" });
      run.setBestScore(step);
      run.setConclusion("c");
    }
    if (step === 0) console.log("ready");
  }
});
