// A click on the picture goes there in the 3-D player `playerId`, whose time is a line in the picture.
const player = () => document.querySelector(`#${playerId} dance-player`);

document.addEventListener("dance-time", (event) => {
  const figure = element.querySelector(".mb-timeline");
  if (!figure || event.target !== player()) return;
  const cursor = figure.querySelector(".mb-cursor");
  cursor.style.left = `${Math.min(100, (100 * event.detail.seconds) / Number(figure.dataset.seconds))}%`;
  cursor.style.opacity = 1;
});

element.addEventListener("click", (event) => {
  const axis = event.target.closest(".mb-axis");
  if (!axis || !player()) return;
  const box = axis.getBoundingClientRect();
  const seconds = Number(axis.parentElement.dataset.seconds);
  player().seek(((event.clientX - box.left) / box.width) * seconds);
});
