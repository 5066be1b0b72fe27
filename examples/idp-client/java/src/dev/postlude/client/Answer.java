package dev.postlude.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * What Postlude answered about the login that was asked about. Only after {@code CONTINUE} are there an SSO session and tokens.
 *
 * @param json the whole answer, {@code session}, {@code user_updates} and {@code actions} among it
 */
public record Answer(String loginId, Outcome outcome, Subject subject, JsonNode json) {

    /** What came of a login. */
    public enum Outcome {
        CONTINUE, REDIRECT, DENY, INTERACTION_REQUIRED
    }

    /** After a redirect: send the browser there by 303. */
    public String location() {
        return Subject.text(json, "location");
    }

    /** After a redirect: what to keep. */
    public Pending pending() {
        return new Pending(loginId, Subject.text(json, "resume_key"), subject);
    }

    /** Postlude's session, to be kept with the SSO session on the server; null where there is none. */
    public String sessionId() {
        return Subject.text(json.path("session"), "id");
    }

    /** After continue: for the ID token. */
    public List<String> amr() {
        return texts(json.path("amr"));
    }

    /** After continue: for the ID token of this login. */
    public JsonNode idTokenClaims() {
        return json.path("id_token_claims");
    }

    /** After continue: for the access token of this login. */
    public JsonNode accessTokenClaims() {
        return json.path("access_token_claims");
    }

    /** After continue: what the access token of this login gains. */
    public List<String> scopesAdded() {
        return texts(json.path("scopes").path("add"));
    }

    /** After continue: what the access token of this login loses. */
    public List<String> scopesRemoved() {
        return texts(json.path("scopes").path("remove"));
    }

    /** What the IdP shall do: deny at an entry that it cannot carry out. */
    public JsonNode idpRequests() {
        return json.path("idp_requests");
    }

    /** After a denial: a stable code for the log. */
    public String code() {
        return Subject.text(json, "code");
    }

    /** After a denial: a sentence for the user. */
    public String message() {
        return Subject.text(json, "message");
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false).map(JsonNode::asText).toList();
    }

    /** Refuses an answer that is about someone else, or that this IdP does not understand. */
    static Answer read(JsonNode json, Subject about) throws PostludeException {
        var text = Subject.text(json, "outcome");
        if ("ended".equals(text)) { // from outside: a logout, a revocation, too many open logins
            var code = Subject.text(json, "code");
            throw new PostludeException(code == null ? "ended" : code, "the login was ended before it was answered");
        }
        var outcome = switch (text == null ? "" : text) {
            case "continue" -> Outcome.CONTINUE;
            case "redirect" -> Outcome.REDIRECT;
            case "deny" -> Outcome.DENY;
            case "interaction_required" -> Outcome.INTERACTION_REQUIRED;
            default -> throw new PostludeException("unknown_outcome", "postlude answered an outcome of `" + text + "`");
        };
        var subject = Subject.of(json.path("subject"));
        var sameSession = about.sessionId() == null || about.sessionId().equals(subject.sessionId());
        if (!about.userId().equals(subject.userId()) || !about.clientId().equals(subject.clientId()) || !sameSession) {
            throw new PostludeException("wrong_subject", "the answer is about another user, client or session");
        }
        var missing = missing(json, outcome);
        if (missing != null) {
            throw new PostludeException("incomplete", "`" + text + "` without `" + missing + "`");
        }
        return new Answer(Subject.text(json, "login_id"), outcome, subject, json);
    }

    /** What the answer should have and has not: an IdP that took it for nothing would grant more than was said. */
    private static String missing(JsonNode json, Outcome outcome) {
        if (Subject.text(json, "login_id") == null) {
            return "login_id";
        }
        if (!json.path("idp_requests").isArray()) {
            return "idp_requests";
        }
        if (outcome == Outcome.REDIRECT) {
            return Subject.text(json, "resume_key") == null ? "resume_key" : Subject.text(json, "location") == null ? "location" : null;
        }
        if (outcome != Outcome.CONTINUE) {
            return null;
        }
        for (var name : List.of("id_token_claims", "access_token_claims")) {
            if (!json.path(name).isObject()) {
                return name;
            }
        }
        var scopes = json.path("scopes");
        var areTexts = isTexts(scopes.path("add")) && isTexts(scopes.path("remove"));
        return !isTexts(json.path("amr")) ? "amr" : areTexts ? null : "scopes";
    }

    private static boolean isTexts(JsonNode list) {
        return list.isArray() && StreamSupport.stream(list.spliterator(), false).allMatch(JsonNode::isTextual);
    }
}
