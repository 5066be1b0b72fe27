def on_execute_post_login(event, api):
    if not event["user"]["email_verified"]:
        api.access.deny("no")
