// An action that uses no secrets.
export const secretsOf = () => () => ({});
