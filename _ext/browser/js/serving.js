// The worker's side of thread.js.

// Start with the files that come first, by their names; then answer what the page asks, by
// answer(started, words, id).
book.serve = (start, answer) => {
  let come;
  const started = new Promise((done) => {
    come = done;
  }).then(start);
  started.catch((error) => postMessage({ failed: error.message }));
  self.onmessage = async ({ data: { files, id, words } }) => {
    if (files) return come(unpacked(files));
    try {
      postMessage({ id, answer: await answer(await started, words, id) });
    } catch (error) {
      postMessage({ id, error: error.message });
    }
  };
};

async function unpacked(files) {
  const named = async ([name, pieces]) => [name, await book.unpacked(pieces)];
  return Object.fromEntries(await Promise.all(Object.entries(files).map(named)));
}
