// Makes a page that waits nicer; every page works without it.
// data-go: where to go after a moment. data-mark: reload once the server's page has another mark.
(() => {
  const main = document.getElementById("main");
  if (!main) return;
  if (main.dataset.go) {
    setTimeout(() => location.assign(main.dataset.go), 2500);
    return;
  }
  if (!main.dataset.mark) return;
  const pause = Math.max(1, Number(main.dataset.seconds) || 2) * 1000;
  const look = async () => {
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const there = page.getElementById("main");
      if (!there || there.dataset.mark !== main.dataset.mark) {
        location.reload();
        return;
      }
    } catch {
      // Offline for a moment: look again.
    }
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
})();
