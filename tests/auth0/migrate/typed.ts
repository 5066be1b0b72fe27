interface Result {
  sub: string;
  passed?: boolean;
}

type Login = { user: { user_id: string }; secrets: Record<string, string>; configuration: { site: string } };

export const onExecutePostLogin = async (event: Login, api: any): Promise<void> => {
  const site: string = event.configuration.site;
  api.redirect.sendUserTo(`${site}/check`);
};

export const onContinuePostLogin = async (event: Login, api: any): Promise<void> => {
  const result = api.redirect.validateToken({ secret: event.secrets["RESULT"] }) as Result;
  api.access.allow();
};
