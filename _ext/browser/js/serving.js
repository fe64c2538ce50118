// The worker's side of thread.js.

// Start with the files that come first, each in pieces by its name; then answer what the page asks,
// by answer(started, words, id).
book.serve = (start, answer) => {
  let come;
  const files = new Promise((done) => {
    come = done;
  });
  const started = files.then(start);
  started.catch((error) => postMessage({ failed: error.message }));
  self.onmessage = async ({ data: { files, id, words } }) => {
    if (files) return come(files);
    try {
      postMessage({ id, answer: await answer(await started, words, id) });
    } catch (error) {
      postMessage({ id, error: error.message });
    }
  };
};
