// The literal JSON follows the form: what is switched off there is not sent.
const switches = { note: "hide_note", one_tap: "one_tap" };

for (const [name, field] of Object.entries(switches)) {
  const box = document.querySelector(`input[name="${field}"]`);
  if (!box) continue;
  const show = () => {
    const isOn = name === "note" ? !box.checked : box.checked;
    for (const mark of document.querySelectorAll(`[data-switch="${name}"]`)) {
      mark.textContent = isOn ? mark.dataset.on : mark.dataset.off;
    }
  };
  box.addEventListener("change", show);
  show();
}

// A new card needs a currency and may get money; a card that is there already has both.
const ofNewCard = [...document.querySelectorAll('select[name="currency"], input[name="load"]')].map((input) => input.closest(".field"));
for (const choice of document.querySelectorAll('input[name="card"]')) {
  const follow = () => {
    for (const field of ofNewCard) field.hidden = document.querySelector('input[name="card"]:checked')?.value !== "new";
  };
  choice.addEventListener("change", follow);
  follow();
}
