/**
 * An eval without training: an existing model answers a benchmark, and every answer is logged.
 * Run it with `npx tsx examples/eval-only.ts`: it writes to ./evsys_sdk, and to the backend too if EVSYS_API_URL is set.
 */
import { DashboardClient } from "evsys-sdk";

const MODEL = "parrot-1";
const BENCHMARK = "sums-and-products";

const tasks = Array.from({ length: 12 }, (_, at) => {
  const [a, b] = [at + 2, (at % 5) + 1];
  return at % 2 === 0
    ? { id: `sum-${at}`, kind: "sum", question: `${a} + ${b}`, expected: a + b }
    : { id: `product-${at}`, kind: "product", question: `${a} * ${b}`, expected: a * b };
});

await using client = new DashboardClient(process.env.EVSYS_API_URL ? {} : { offline: true });
const accuracy = await client.withRun(
  { experiment_name: `${MODEL} on ${BENCHMARK}`, recipe_kind: "eval", run_config: { base_model: MODEL } },
  async (run) => {
    const answers = tasks.map((task) => ({ ...task, answer: answerOf(task.question) }));
    const share = (some: typeof answers) =>
      some.filter(({ answer, expected }) => answer === expected).length / some.length;
    const shareOfKind = (kind: string) => share(answers.filter((one) => one.kind === kind));

    const evaluation = await run.logEval({
      benchmark_id: BENCHMARK,
      model_ref: MODEL,
      metrics: { accuracy: share(answers) },
      breakdowns: { sum: shareOfKind("sum"), product: shareOfKind("product") },
    });
    await run.logPredictions(
      answers.map(({ id, question, expected, answer }) => ({
        kind: "eval",
        eval_id: evaluation.id,
        task_id: id,
        instruction: question,
        model_output: String(answer),
        expected,
        reward: answer === expected ? 1 : 0,
      })),
    );
    run.setBestScore(share(answers));
    return share(answers);
  },
);
console.log(`${MODEL} is right in ${(100 * accuracy).toFixed(0)} % of ${tasks.length} tasks.`);

/** The model: it can add, and takes every other sign for a plus as well. */
function answerOf(question: string): number {
  const [a, b] = question.split(/ [+*] /).map(Number);
  return (a ?? 0) + (b ?? 0);
}
