// The book's Python in the reader's browser, in a thread of its own (python-worker.js).
let told;
const python = new book.Thread((share) => told?.(share));

// Call a function of a Python module with some texts; the promise of the text that it returns.
// progress(share) is called while Python comes, with 0 to 1.
book.call = (module, name, words, progress) => {
  told = progress ?? told;
  return python.ask({ module, name, words }).answer;
};

// End what runs; the next call starts anew.
book.stop = (reason) => python.stop(reason);
