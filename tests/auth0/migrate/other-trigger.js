const normalise = (email) => email.toLowerCase();

exports.onExecutePreUserRegistration = async (event, api) => {
  if (normalise(event.user.email).endsWith("@spam.example")) api.access.deny("spam", "no");
};
