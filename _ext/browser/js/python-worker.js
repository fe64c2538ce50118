// Python in a thread of its own, so that the page goes on while it works.  See python.js.

// Pyodide starts from the files that have come, and asks no server.
async function start(files) {
  self.fetch = async (url) => book.unpacked(files[String(url).split("/").pop()]);
  self.importScripts = undefined; // Pyodide takes a worker that has it for one that cannot import
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(
    [files["pyodide.mjs"], files["pyodide.asm.mjs"]].map(book.imported),
  );
  const python = await loadPyodide({ indexURL: "book:/", createPyodideModule });
  const rooms = await book.unpacked(files["d2lres.zip"]).arrayBuffer();
  python.unpackArchive(rooms, "zip", { extractDir: "/book" });
  python.runPython("import sys; sys.path.insert(0, '/book')");
  return python;
}

book.serve(start, (python, { module, name, words }) => python.pyimport(module)[name](...words));
