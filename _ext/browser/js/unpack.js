// The worker's side of load.js: the bytes of a file that came in pieces.
book.unpacked = async (pieces) => {
  const packed = new ReadableStream({
    start(stream) {
      for (const each of pieces) stream.enqueue(bytes(each));
      stream.close();
    },
  });
  const whole = new Response(packed.pipeThrough(new DecompressionStream("gzip")));
  return new Uint8Array(await whole.arrayBuffer());
};

function bytes(letters) {
  const signs = atob(letters);
  const found = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) found[i] = signs.charCodeAt(i);
  return found;
}

// What a module exports.
book.imported = (content) =>
  import(URL.createObjectURL(new Blob([content], { type: "text/javascript" })));
