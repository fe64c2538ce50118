// A worker that a page asks: it starts when it is first asked, and gives an answer to each question.
// book.worker is its script and what it loads (scripts.py); serving.js is its side.
book.Thread = class {
  // progress(share), with 0 to 1, is called while it loads and somebody waits for it.
  constructor(progress) {
    Object.assign(this, { progress, waiting: new Map(), asked: 0 });
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

  // A page from a folder may start a worker from a text alone, and no module.
  start() {
    const worker = new Worker(URL.createObjectURL(new Blob([book.worker.text])));
    worker.onmessage = ({ data: { id, answer, error, part, failed } }) => {
      if (failed !== undefined) return this.stop(failed);
      const { done, fail, told } = this.waiting.get(id);
      if (part !== undefined) return told(part);
      this.waiting.delete(id);
      if (error === undefined) done(answer);
      else fail(new Error(error));
    };
    worker.onerror = (event) => this.stop(event.message || "the page’s worker did not start");
    this.feed(worker);
    return worker;
  }

  // What has come stays for the next worker.
  async feed(worker) {
    const heard = (share) => this.waiting.size && this.progress(share);
    this.files ??= book.load(book.worker.places, heard);
    try {
      worker.postMessage({ files: await this.files });
    } catch (error) {
      this.files = undefined;
      this.stop(error.message);
    }
  }
};
