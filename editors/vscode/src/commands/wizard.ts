/** Questions one after the other, with a way back: the editor's own quick inputs. */

import * as vscode from "vscode";

/** The person went one step back. */
export const BACK = Symbol("back");

export type Answer<Value> = Value | typeof BACK | undefined;

export interface StepPosition {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
}

export async function askChoice<Item extends vscode.QuickPickItem>(
  position: StepPosition,
  placeholder: string,
  items: readonly Item[],
  active?: Item,
): Promise<Answer<Item>> {
  const input = vscode.window.createQuickPick<Item>();
  input.items = items;
  input.placeholder = placeholder;
  input.matchOnDescription = true;
  input.matchOnDetail = true;
  if (active !== undefined) input.activeItems = [active];
  return show(input, position, () => input.selectedItems[0]);
}

export async function askText(
  position: StepPosition,
  prompt: string,
  value: string,
  validate: (value: string) => string | undefined,
): Promise<Answer<string>> {
  const input = vscode.window.createInputBox();
  input.prompt = prompt;
  input.value = value;
  input.validationMessage = validate(value);
  input.onDidChangeValue((changed) => {
    input.validationMessage = validate(changed);
  });
  return show(input, position, () => (validate(input.value) === undefined ? input.value : undefined));
}

export type Step<Draft> = (draft: Draft) => Promise<Answer<Draft>>;

/**
 * Runs the steps; each answers a changed draft, and which steps there are may depend on the answers so far. A step
 * that is asked once more, on the way back or forward, finds in the draft what was answered before.
 * Answers undefined when the person left.
 */
export async function runSteps<Draft>(
  draft: Draft,
  stepsFor: (draft: Draft) => readonly Step<Draft>[],
): Promise<Draft | undefined> {
  let current = draft;
  let index = 0;
  for (;;) {
    const step = stepsFor(current)[index];
    if (step === undefined) return current;
    const answer = await step(current);
    if (answer === undefined) return undefined;
    if (answer === BACK) {
      index = Math.max(0, index - 1);
    } else {
      current = answer;
      index += 1;
    }
  }
}

async function show<Value>(
  input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox,
  position: StepPosition,
  accepted: () => Value | undefined,
): Promise<Answer<Value>> {
  Object.assign(input, position);
  input.ignoreFocusOut = true;
  if (position.step > 1) input.buttons = [vscode.QuickInputButtons.Back];
  try {
    return await new Promise<Answer<Value>>((resolve) => {
      input.onDidTriggerButton((button) => {
        if (button === vscode.QuickInputButtons.Back) resolve(BACK);
      });
      input.onDidAccept(() => {
        const value = accepted();
        if (value !== undefined) resolve(value);
      });
      input.onDidHide(() => resolve(undefined));
      input.show();
    });
  } finally {
    input.dispose();
  }
}
