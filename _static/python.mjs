// The book's Python in the reader's browser: started when it is first asked, asked by messages.

let worker, waiting, told;

// Call a function of a Python module with some texts; the promise of the text that it returns.
// progress(share) is called while Python comes, with 0 to 1.
export function call(module, name, words, progress) {
  worker ??= start();
  told = progress ?? told;
  return new Promise((done, fail) => {
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    waiting.set(id, { done, fail });
    worker.postMessage({ id, module, name, words });
  });
}

// End what runs; the next call starts anew.
export function stop(reason = "stopped") {
  worker?.terminate();
  worker = undefined;
  for (const { fail } of waiting?.values() ?? []) fail(new Error(reason));
  waiting = undefined;
}

function start() {
  waiting = new Map();
  const one = new Worker(new URL("python-worker.mjs", import.meta.url), { type: "module" });
  one.onmessage = ({ data: { id, answer, error, progress, failed } }) => {
    if (failed !== undefined) return stop(failed);
    if (progress !== undefined) return told?.(progress);
    const { done, fail } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) done(answer);
    else fail(new Error(error));
  };
  one.onerror = (event) => stop(event.message || "Python did not start");
  return one;
}
