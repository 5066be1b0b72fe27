//! The prompt sites: each checks the request with which a browser comes, and makes the reply that the browser takes back.

use super::browser::OpenLogin;
use super::error::WorkbenchError;
use super::tenant::SimulatedTenant;
use crate::partner::{
    AskingTenant, PromptAnswer, PromptKind, PromptRefused, PromptRequest, ResultContext, ReturnMethod,
};
use postlude_host::login::SealedReply;

/// All prompt sites, with the results that they made.
#[derive(Debug, Default)]
pub(super) struct PromptSites {
    made: u64,
    last: Option<String>,
}

/// What a prompt site does with a browser.
#[derive(Debug)]
pub(super) enum Visit {
    /// The site shows an error page.
    Refused(PromptRefused),
    /// The site sends the browser back with this.
    Reply(SealedReply),
}

impl PromptSites {
    /// A browser comes with the request of its open login.
    pub(super) fn visit(
        &mut self,
        tenant: &SimulatedTenant,
        tenant_keys: &str,
        now: u64,
        open: &OpenLogin,
        answer: &PromptAnswer,
    ) -> Result<Visit, WorkbenchError> {
        let request = match PromptRequest::read(&open.location) {
            Ok(request) => request,
            Err(why) => return Ok(Visit::Refused(why)),
        };
        let Some(partner) = tenant.partner(&open.action) else {
            return Ok(Visit::Reply(reply(request.state, None, answer)));
        };
        let (issuer, continue_url) = (tenant.issuer.as_str(), tenant.continue_url.as_str());
        let asking = AskingTenant { issuer, continue_url, keys: tenant_keys, now };
        // A site may take browsers that bring no token; one that they bring has to verify.
        if let (Some(_), Err(why)) = (&request.token, request.check(&partner.key, asking)) {
            return Ok(Visit::Refused(why));
        }
        let context = ResultContext {
            user: open.event.user_id.as_str(),
            factor: open.factor.as_deref(),
            audience: &partner.audience,
            now,
            number: self.made,
            earlier: self.last.as_deref(),
        };
        let token = answer.token(&partner.key, &request, context).map_err(WorkbenchError::Usage)?;
        if token.is_some() && answer.kind != PromptKind::Replayed {
            self.made = self.made.saturating_add(1);
            self.last.clone_from(&token);
        }
        let token = token.map(|token| (partner.parameter.clone(), token));
        Ok(Visit::Reply(reply(request.state, token, answer)))
    }
}

fn reply(state: String, token: Option<(String, String)>, answer: &PromptAnswer) -> SealedReply {
    let (mut query, mut form) = (answer.query.clone(), answer.form.clone());
    let method = match answer.method {
        ReturnMethod::Get => {
            query.extend(token);
            "GET"
        }
        ReturnMethod::Post => {
            form.extend(token);
            "POST"
        }
    };
    SealedReply { state, method: method.to_owned(), query, form }
}
