// Files for a worker, out of scripts: a page that was opened from a folder may load nothing else.
// Each script has a piece of a file; packs.py writes them, and unpack.js puts them together.
const packs = new URL("packs/", document.currentScript.src);

function piece(place) {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL(place, packs);
    script.onload = () => {
      script.remove();
      done(book.piece); // which it has just written
    };
    script.onerror = () => fail(new Error(`${script.src} cannot be loaded`));
    document.head.append(script);
  });
}

// The pieces of each file, by its name, as `places` has their scripts.
// progress(share) is called whenever one has come, with 0 to 1, unless one did not come.
book.load = async (places, progress) => {
  const all = Object.values(places).flat().length;
  let come = 0;
  let failed = false;
  const counted = async (place) => {
    try {
      const text = await piece(place);
      if (!failed) progress(++come / all);
      return text;
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const files = Object.entries(places).map(async ([name, some]) => [
    name,
    await Promise.all(some.map(counted)),
  ]);
  return Object.fromEntries(await Promise.all(files));
};
