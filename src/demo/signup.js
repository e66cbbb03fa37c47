// What an integrator's page does: open the setup in the click, and go on when the server says so.
const button = document.getElementById("connect");
const state = document.getElementById("state");
const { open } = await import(button.dataset.embed);

button.addEventListener("click", async () => {
  state.textContent = "Your setup is open in another window.";
  const setup = await open({
    link: button.dataset.link,
    onBlocked: (link) => {
      state.innerHTML = "";
      const anchor = Object.assign(document.createElement("a"), { href: link, textContent: "Open your setup" });
      state.append(anchor);
    },
    onClosed: () => (state.textContent = "The window was closed. What you have done is saved."),
  });
  state.textContent = setup.state === "live" ? "Your tools are connected." : "Your setup has ended.";
});
button.disabled = false;
