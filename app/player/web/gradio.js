const player = element.querySelector("dance-player");
const show = () => (props.value && props.value.url ? player.loadFrom(props.value.url) : player.load(null));
const dress = () => player.setAttribute("theme", document.body.classList.contains("dark") ? "dark" : "light");
new MutationObserver(dress).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", show);
dress();
show();
