// A worker that a page asks: it starts when it is first asked, and gives an answer to each question.
// serving.mjs is the worker's side.
export class Thread {
  // file: of the worker, beside this one; progress(share), with 0 to 1, is called while it loads.
  constructor(file, progress) {
    Object.assign(this, { file, progress, waiting: new Map(), asked: 0 });
  }

  // The number of the question, and the promise of its answer; told(part) hears what comes before.
  ask(words, told) {
    this.worker ??= this.start();
    const id = ++this.asked;
    const answer = new Promise((done, fail) => this.waiting.set(id, { done, fail, told }));
    this.worker.postMessage({ id, words });
    return { id, answer };
  }

  // End what runs; the next question starts anew.
  stop(reason) {
    this.worker?.terminate();
    this.worker = undefined;
    for (const { fail } of this.waiting.values()) fail(new Error(reason));
    this.waiting.clear();
  }

  start() {
    const worker = new Worker(new URL(this.file, import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, answer, error, part, progress, failed } }) => {
      if (failed !== undefined) return this.stop(failed);
      if (progress !== undefined) return this.progress(progress);
      const { done, fail, told } = this.waiting.get(id);
      if (part !== undefined) return told(part);
      this.waiting.delete(id);
      if (error === undefined) done(answer);
      else fail(new Error(error));
    };
    worker.onerror = (event) => this.stop(event.message || "the page’s worker did not start");
    return worker;
  }
}
