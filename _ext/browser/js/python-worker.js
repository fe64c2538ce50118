// Python in a thread of its own, so that the page goes on while it works.  See python.js.

// Pyodide starts from what has come: it asks the network for nothing.
async function start(files) {
  const headers = { "Content-Type": "application/wasm" };
  self.fetch = async (url) => new Response(files[String(url).split("/").pop()], { headers });
  self.importScripts = undefined; // Pyodide takes a worker that has it for one that cannot import
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(
    [files["pyodide.mjs"], files["pyodide.asm.mjs"]].map(book.imported),
  );
  const lockFileContents = new TextDecoder().decode(files["pyodide-lock.json"]);
  const python = await loadPyodide({ indexURL: "book:/", lockFileContents, createPyodideModule });
  python.unpackArchive(files["d2lres.zip"], "zip", { extractDir: "/book" });
  python.runPython("import sys; sys.path.insert(0, '/book')");
  return python;
}

book.serve(start, (python, { module, name, words }) => python.pyimport(module)[name](...words));
