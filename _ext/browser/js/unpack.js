// The worker's side of load.js: a file, of the pieces in which it came, as a reply of a server.
book.unpacked = (pieces) => {
  const packed = new ReadableStream({
    start(stream) {
      for (const each of pieces) stream.enqueue(bytes(each));
      stream.close();
    },
  });
  const whole = packed.pipeThrough(new DecompressionStream("gzip"));
  return new Response(whole, { headers: { "Content-Type": "application/wasm" } }); // others do not ask
};

function bytes(letters) {
  return Uint8Array.fromBase64?.(letters) ?? slowly(letters);
}

// In a browser before 2025.
function slowly(letters) {
  const signs = atob(letters);
  const found = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) found[i] = signs.charCodeAt(i);
  return found;
}

// What a module exports.
book.imported = async (pieces) => {
  const content = [await book.unpacked(pieces).arrayBuffer()];
  return import(URL.createObjectURL(new Blob(content, { type: "text/javascript" })));
};
