document.getElementById("again").addEventListener("click", () => window.location.reload());

// Keys go to the terminal once something is drawn, without a click.
new MutationObserver((changes, observer) => {
  if (!document.body.classList.contains("-first-byte")) return;
  observer.disconnect();
  document.querySelector(".xterm-helper-textarea").focus();
}).observe(document.body, { attributes: true });
