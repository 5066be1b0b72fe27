/** Any JSON that the IdP tells about the login; these members must be there. */
export interface LoginEvent {
    user: {
        user_id: string;
        [more: string]: unknown;
    };
    client: {
        client_id: string;
        [more: string]: unknown;
    };
    session?: {
        id: string;
        [more: string]: unknown;
    } | undefined;
    [more: string]: unknown;
}
export type Mode = 'interactive' | 'silent' | 'refresh' | 'password';
export interface Subject {
    user_id: string;
    client_id: string;
    session_id: string | null;
}
export interface Factor {
    name: string;
    completed_at: string;
    expires_at: string | null;
}
/** What the IdP keeps of a `redirect` answer, on the server, in the login's own transaction. */
export interface Pending {
    login_id: string;
    resume_key: string;
    subject: Subject;
}
interface Common {
    login_id: string;
    subject: Subject;
    session?: {
        id: string;
        factors?: Factor[];
    };
    user_updates?: {
        app_metadata: object;
        user_metadata: object;
    };
    /** Deny at an entry that you cannot carry out. */
    idp_requests: unknown[];
    actions?: object[];
}
/** The login may go on: only now an SSO session and tokens. */
export interface Continue extends Common {
    outcome: 'continue';
    amr: string[];
    id_token_claims: Record<string, unknown>;
    access_token_claims: Record<string, unknown>;
    scopes: {
        add: string[];
        remove: string[];
    };
}
/** Keep it as `Pending`, and send the browser to `location` by 303. */
export interface Redirect extends Common {
    outcome: 'redirect';
    location: string;
    resume_key: string;
    expires_at: string;
}
export interface Deny extends Common {
    outcome: 'deny';
    action?: string;
    code?: string;
    message?: string;
}
export interface InteractionRequired extends Common {
    outcome: 'interaction_required';
    action?: string;
}
export type Answer = Continue | Redirect | Deny | InteractionRequired;
export interface Options {
    /** Base URL of Postlude's API listener. */
    url: string | URL;
    /** An API key of the role `idp`. */
    apiKey: string;
    /** For a call with its retry, in milliseconds (default 5000). */
    deadlineMs?: number;
    fetch?: typeof fetch;
}
export interface Login {
    /** The IdP's own transaction, which one browser's cookie finds. */
    transactionId: string;
    event: LoginEvent;
    /** Without it: `interactive`, which needs `returnUrl`. */
    mode?: Mode;
    returnUrl?: string;
}
/** Why Postlude gave no usable answer. `code` is Postlude's own stable code where there is one. */
export declare class PostludeError extends Error {
    readonly code: string;
    readonly status: number | undefined;
    constructor(code: string, message: string, { status, cause }?: {
        status?: number;
        cause?: unknown;
    });
}
/** The key of one user's passage through one transaction: an account switch is another login. */
export declare function idempotencyKey(transactionId: string, userId: string): string;
export type Postlude = ReturnType<typeof createPostlude>;
export declare function createPostlude({ url, apiKey, deadlineMs, fetch }: Options): {
    /** Primary authentication has succeeded: may the login go on? Asked for every login, silent ones too. */
    startLogin({ transactionId, event, mode, returnUrl }: Login): Promise<Answer>;
    /** The browser is back, and the IdP has found **its own** transaction by that browser's cookie.
     *  The session sent is the transaction's, whatever session the browser has by now. */
    continueLogin(pending: Pending, reply: string, event: LoginEvent): Promise<Answer>;
    /** The outcome again, for claims that are issued later and elsewhere: compare its `subject` with what you ask about. */
    getLogin(loginId: string): Promise<Record<string, unknown>>;
    /** Logout: forgets the session's factors and ends its suspended logins. */
    endSession(id: string): Promise<Record<string, unknown>>;
    /** The IdP changed a session's id. */
    rotateSession(id: string, to: string): Promise<Record<string, unknown>>;
};
export {};
