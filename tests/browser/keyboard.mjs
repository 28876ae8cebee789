// A person without a mouse.

/** Presses Tab until what has the focus begins with this name. */
export async function tabTo(page, name) {
  for (let pressed = 0; pressed < 80; pressed += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    const named = page.getByRole('textbox', { name }).or(page.getByRole('link', { name }))
      .or(page.getByRole('button', { name })).or(page.locator('summary', { hasText: name }));
    if (await focused.and(named).count() > 0) return;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}

export async function inscribe(page, label, text) {
  await tabTo(page, label);
  await page.keyboard.type(text);
}
