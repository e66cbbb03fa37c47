// Opens a setup from your own page. See /embed.d.ts for its types, and the README for an example.
// It needs `script-src` and `connect-src` for its own origin, and nothing inline.

const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 10000;

/** @type {import("./embed").open} */
export function open({ link, mode = "popup", onChange, onBlocked, onClosed, language, signal }) {
  const address = new URL(link);
  if (language) address.searchParams.set("lang", language);
  if (mode === "same-tab") {
    location.assign(address);
    return new Promise(() => {});
  }
  // In the click itself, or browsers block it. Its name is nobody else's.
  const name = `gangway-${Math.random().toString(36).slice(2)}`;
  const popup = window.open(address, name, "popup,width=640,height=820");
  if (!popup) {
    if (!onBlocked) {
      location.assign(address);
      return new Promise(() => {});
    }
    onBlocked(address.href);
  }
  return wait(new URL(link), popup, { onChange, onClosed, signal });
}

// The popup's handle says little: pages that isolate themselves look closed from here. So the server
// is asked, and "closed" is a hint that is given once, if the handle was good at first.
async function wait(link, popup, { onChange, onClosed, signal }) {
  const state = `${link.origin}${link.pathname}/state`;
  let version;
  let pause = FIRST_PAUSE;
  let wasOpen = false;
  let told = false;
  const begun = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, pause));
    signal?.throwIfAborted();
    if (popup && !popup.closed && Date.now() - begun > FIRST_PAUSE / 2) wasOpen = true;
    if (popup?.closed && wasOpen && !told) {
      told = true;
      onClosed?.();
    }
    let setup;
    try {
      const answer = await fetch(state, { credentials: "omit", cache: "no-store", signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      setup = await answer.json();
    } catch {
      pause = Math.min(pause * 1.5, LONGEST_PAUSE);
      continue;
    }
    if (setup.version !== version) {
      version = setup.version;
      pause = FIRST_PAUSE;
      onChange?.(setup);
    } else {
      pause = Math.min(pause * 1.1, LONGEST_PAUSE);
    }
    if (setup.state !== "open") return setup;
  }
}

globalThis.Gangway = Object.freeze({ open });
