// The worker's side of thread.mjs.

// Answer what the page asks by answer(started, words, id), once the promise `started` is kept.
export function serve(started, answer) {
  started.catch((error) => postMessage({ failed: error.message }));
  self.onmessage = async ({ data: { id, words } }) => {
    try {
      postMessage({ id, answer: await answer(await started, words, id) });
    } catch (error) {
      postMessage({ id, error: error.message });
    }
  };
}

let read = 0; // bytes, of all that is loaded

// A reply that tells the page, while it is read, which share of `all` bytes has come.
export function counted(reply, all) {
  const onwards = new TransformStream({
    transform(piece, next) {
      read += piece.byteLength;
      postMessage({ progress: Math.min(1, read / all) });
      next.enqueue(piece);
    },
  });
  const { status, headers } = reply;
  return new Response(reply.body.pipeThrough(onwards), { status, headers });
}
