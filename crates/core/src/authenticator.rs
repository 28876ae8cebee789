//! The whole way of a request, once.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use crate::{
    bearer::BearerToken,
    config::ConfigError,
    identity::{
        ErasedStore, ErasedUser, IdentityStore, Introduction, IssuerAwareness, StoreErrorKind,
    },
    issuer::Issuer,
    issuer_keys::{AwaitRefresh, IssuerKeys, LastFetch},
    principal::Principal,
    profile::FetchProfile,
    refresh::Demand,
    rejection::{ForbiddenReason, Rejection, TokenError, UnavailableReason},
    resource::Resource,
    rules::TokenRules,
    scope::Scope,
    time::UnixTime,
    verified::{UnverifiedToken, VerifiedToken, VerifyError},
};

/// What one resource demands of its callers. Every default is the safe one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ResourcePolicy {
    /// The resource.
    pub resource: Resource,
    /// Audiences that are accepted besides the resource. Default: none.
    pub audiences: Vec<String>,
    /// By how much clocks may differ. Default 30 s, at most 5 min.
    pub leeway: Duration,
    /// Scopes that every request needs. Default: none.
    pub required_scopes: Vec<Scope>,
    /// What becomes of a verified subject without a user. Default: a plain 403.
    pub unknown_user: UnknownUser,
    /// The longest token that is looked at, in bytes. Default 16 KiB.
    pub max_token_len: usize,
    /// Whether `typ` must be `at+jwt` (RFC 9068). Default: no, since WorkOS sends none.
    pub strict_type: bool,
}

/// What becomes of a verified subject that has no user in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownUser {
    /// A plain 403: another sign-in would not help, and clients must not be sent round in circles.
    #[default]
    Forbidden,
    /// 401: the client shall sign in again, perhaps as somebody else.
    Unauthorized,
}

/// Decides who is calling.
pub struct Authenticator {
    policy: ResourcePolicy,
    trusted: Vec<Trusted>,
    by_iss: HashMap<Arc<str>, usize>,
    store: Option<Arc<dyn ErasedStore>>,
    profiles: Arc<dyn FetchProfile>,
}

/// How long a request waits for a key that is being fetched (R24).
const PATIENCE: Duration = Duration::from_secs(1);

/// An issuer, the rules for its tokens, and its keys.
struct Trusted {
    issuer: Issuer,
    rules: TokenRules,
    keys: Arc<IssuerKeys>,
    refresh: Arc<dyn AwaitRefresh>,
}

/// A caller whose token is good, with the application's user for it.
#[derive(Clone)]
pub struct Authenticated {
    principal: Arc<Principal>,
    user: ErasedUser,
}

/// What of a request decides. Adapters for a web framework fill it in.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct IncomingRequest<'r> {
    authorization: [Option<&'r [u8]>; 2],
}

impl<'r> IncomingRequest<'r> {
    /// A request with these values of `Authorization` headers: all that it has.
    pub fn new(authorization: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let mut values = authorization.into_iter();
        // A second one is refused, so a third makes no difference.
        Self { authorization: [values.next(), values.next()] }
    }

    fn values(&self) -> impl Iterator<Item = &'r [u8]> {
        self.authorization.into_iter().flatten()
    }
}

impl fmt::Debug for IncomingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncomingRequest({} Authorization headers)", self.values().count())
    }
}

impl ResourcePolicy {
    /// The safe defaults for a resource.
    pub fn new(resource: Resource) -> Self {
        Self {
            resource,
            audiences: Vec::new(),
            leeway: TokenRules::DEFAULT_LEEWAY,
            required_scopes: Vec::new(),
            unknown_user: UnknownUser::default(),
            max_token_len: BearerToken::DEFAULT_MAX_LEN,
            strict_type: false,
        }
    }
}

impl Authenticator {
    /// An authenticator that trusts nobody yet. `profiles` is asked about newcomers, when the
    /// application asks.
    ///
    /// # Errors
    /// Where the policy's leeway is more than 5 min.
    pub fn new(
        policy: ResourcePolicy,
        profiles: Arc<dyn FetchProfile>,
    ) -> Result<Self, ConfigError> {
        if policy.leeway > TokenRules::MAX_LEEWAY {
            return Err(ConfigError::invalid(
                "leeway",
                format!("{} s", policy.leeway.as_secs_f64()),
                "must be at most 300 s",
                "30 s",
            ));
        }
        if policy.audiences.iter().any(String::is_empty) {
            return Err(empty_audience());
        }
        Ok(Self { policy, trusted: Vec::new(), by_iss: HashMap::new(), store: None, profiles })
    }

    /// Trusts an issuer's tokens, with the keys that `refresh` keeps new.
    ///
    /// # Errors
    /// Where another issuer has the same `iss`, or where the issuer is reached without TLS and the
    /// resource is not on the same machine.
    pub fn trust(
        &mut self,
        issuer: Issuer,
        keys: Arc<IssuerKeys>,
        refresh: Arc<dyn AwaitRefresh>,
    ) -> Result<(), ConfigError> {
        if issuer.audiences().iter().any(String::is_empty) {
            return Err(empty_audience());
        }
        if issuer.names().any(|name| name.is_empty()) {
            return Err(ConfigError::invalid(
                "issuer",
                "",
                "must not be empty",
                "https://login.example.com",
            ));
        }
        if issuer.uses_http() && !self.policy.resource.is_loopback() {
            return Err(ConfigError::invalid(
                "issuer",
                issuer.name(),
                "must use https (http is for a loopback issuer of a loopback resource)",
                "https://login.example.com",
            ));
        }
        for name in issuer.names() {
            if self.by_iss.insert(name.clone(), self.trusted.len()).is_some() {
                return Err(ConfigError::invalid(
                    "issuer",
                    &**name,
                    "must be configured once only",
                    "https://login.example.com",
                ));
            }
        }
        let rules = TokenRules {
            issuer_names: issuer.names().cloned().collect(),
            resource: self.policy.resource.clone(),
            audiences: [&self.policy.audiences[..], issuer.audiences()].concat(),
            leeway: self.policy.leeway,
            strict_type: self.policy.strict_type,
        };
        self.trusted.push(Trusted { issuer, rules, keys, refresh });
        self.refuse_confusion()
    }

    /// Resolves callers to the application's users. Without a store, the [`Principal`] is the user.
    ///
    /// # Errors
    /// Where several issuers are trusted and the store looks at `sub` alone.
    pub fn resolve_users_with(&mut self, store: impl IdentityStore) -> Result<(), ConfigError> {
        self.store = Some(Arc::new(store));
        self.refuse_confusion()
    }

    /// A `sub` is unique within its issuer only (RFC 7519 §4.1.2): with several issuers, a store
    /// that ignores the issuer would let one's users in as another's.
    fn refuse_confusion(&self) -> Result<(), ConfigError> {
        let ignores =
            self.store.as_ref().is_some_and(|store| store.issuers() == IssuerAwareness::Ignores);
        match ignores && self.trusted.len() > 1 {
            false => Ok(()),
            true => Err(ConfigError::invalid(
                "users",
                "a store that looks at `sub` alone",
                "must tell the subjects of several issuers apart: by a column for the issuer, by a \
                 store per issuer, or by declaring that the issuers share their subjects",
                ".shared_subjects()",
            )),
        }
    }

    /// What is demanded.
    pub fn policy(&self) -> &ResourcePolicy {
        &self.policy
    }

    /// The whole way: from a request's credentials to the application's user.
    ///
    /// # Errors
    /// [`Rejection`], each with its status and its challenge.
    pub async fn authenticate(
        &self,
        request: IncomingRequest<'_>,
        now: UnixTime,
    ) -> Result<Authenticated, Rejection> {
        let token = BearerToken::from_authorization(request.values(), self.policy.max_token_len)?
            .ok_or(Rejection::MissingCredentials)?;
        let principal = Arc::new(self.verify(token, now).await?);
        self.permit(&principal)?;
        let user = self.identify(&principal, token).await?;
        Ok(Authenticated { principal, user })
    }

    /// Signature and claims.
    async fn verify(&self, token: BearerToken<'_>, now: UnixTime) -> Result<Principal, Rejection> {
        let token = UnverifiedToken::read(token.expose())?;
        let trusted = self.trusted_issuer(token.claimed_issuer()?)?;
        let verified = trusted.verify(token, now).await?;
        Ok(Principal::new(verified, &trusted.issuer))
    }

    /// A token is only ever checked against the issuer that it names (R26).
    fn trusted_issuer(&self, iss: &str) -> Result<&Trusted, TokenError> {
        let unknown = || TokenError::UntrustedIssuer { found: iss.to_owned() };
        self.by_iss.get(iss).map(|&n| &self.trusted[n]).ok_or_else(unknown)
    }

    /// What is asked of every request, however its token was verified.
    fn permit(&self, principal: &Principal) -> Result<(), Rejection> {
        // Proof of possession is not supported yet, so no binding can be confirmed (R31).
        if principal.token().is_bound_to_a_key() {
            return Err(TokenError::UnconfirmedBinding.into());
        }
        let granted = principal.scopes();
        match self.policy.required_scopes.iter().all(|scope| granted.contains(scope)) {
            true => Ok(()),
            false => {
                Err(Rejection::InsufficientScope { required: self.policy.required_scopes.clone() })
            }
        }
    }

    /// The application's own user.
    async fn identify(
        &self,
        principal: &Arc<Principal>,
        token: BearerToken<'_>,
    ) -> Result<ErasedUser, Rejection> {
        let Some(store) = &self.store else {
            return Ok(ErasedUser::new(principal.clone()));
        };
        let introduction = Introduction { token, profiles: &self.profiles };
        match store.resolve(principal, introduction).await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(self.unknown_user()),
            Err(error) => Err(match error.kind() {
                StoreErrorKind::Unavailable => {
                    UnavailableReason::IdentityStore { error: error.to_string() }.into()
                }
                StoreErrorKind::TokenRefused => TokenError::RefusedByIssuer.into(),
                StoreErrorKind::NoProfile => self.unknown_user(),
            }),
        }
    }

    fn unknown_user(&self) -> Rejection {
        match self.policy.unknown_user {
            UnknownUser::Forbidden => ForbiddenReason::UnknownUser.into(),
            UnknownUser::Unauthorized => TokenError::UnknownUser.into(),
        }
    }
}

fn empty_audience() -> ConfigError {
    ConfigError::invalid("audience", "", "must not be empty", "api://bookmarks")
}

impl Trusted {
    /// Verifies with the keys that are known; where the token's key is not among them, asks once
    /// for newer ones (R24).
    async fn verify(
        &self,
        token: UnverifiedToken<'_>,
        now: UnixTime,
    ) -> Result<VerifiedToken, Rejection> {
        let (seen, outcome) = self.try_known_keys(token, now);
        let token = match outcome {
            Err(VerifyError::UnknownKey(token)) => *token,
            Err(VerifyError::Rejected(error)) => return Err(error.into()),
            Ok(verified) => return Ok(verified),
        };
        self.rules.check_before_fetch(token.header(), token.claims(), now)?;
        self.verify_with_newer_keys(token, seen, now).await
    }

    /// Waits for a newer key set, and tries that. A fetch that was under way already may have been
    /// answered before the issuer published the key: after such a one, a fetch of one's own is
    /// fair, within the same patience.
    async fn verify_with_newer_keys(
        &self,
        mut token: UnverifiedToken<'_>,
        mut seen: u64,
        now: UnixTime,
    ) -> Result<VerifiedToken, Rejection> {
        let mut patience = PATIENCE;
        loop {
            let demand = self.keys.demand(now, seen);
            if demand != Demand::Exhausted {
                patience = self.refresh.refreshed(seen, patience).await;
            }
            let (generation, outcome) = self.try_known_keys(token, now);
            token = match outcome {
                Ok(verified) => return Ok(verified),
                Err(VerifyError::Rejected(error)) => return Err(error.into()),
                Err(VerifyError::UnknownKey(token)) => *token,
            };
            let answered = demand == Demand::Exhausted || generation != seen;
            if demand != Demand::Joined || !answered || patience.is_zero() {
                return Err(self.without_key(answered, now));
            }
            seen = generation;
        }
    }

    /// Tries the newest keys, and tells of which generation they were.
    fn try_known_keys<'t>(
        &self,
        token: UnverifiedToken<'t>,
        now: UnixTime,
    ) -> (u64, Result<VerifiedToken, VerifyError<'t>>) {
        let snapshot = self.keys.snapshot();
        let outcome = match snapshot.usable(now) {
            Some(keys) => token.verify(keys, &self.rules, now),
            None => Err(VerifyError::UnknownKey(Box::new(token))),
        };
        (snapshot.generation, outcome)
    }

    /// No key after all: the token's fault where the issuer's last word was a key set without it,
    /// an outage where the issuer could not be asked or has not answered yet.
    fn without_key(&self, answered: bool, now: UnixTime) -> Rejection {
        let snapshot = self.keys.snapshot();
        let has_word =
            snapshot.last_fetch == LastFetch::Succeeded && snapshot.usable(now).is_some();
        match answered && has_word {
            true => TokenError::UnknownKey.into(),
            false => UnavailableReason::Keys { issuer: self.issuer.name().to_string() }.into(),
        }
    }
}

impl Authenticated {
    /// The caller, as the token proves it.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The application's user, if `U` is what its store returns. Without a store, `U` is
    /// [`Principal`].
    pub fn user<U: Send + Sync + 'static>(&self) -> Option<Arc<U>> {
        self.user.value.clone().downcast().ok()
    }

    /// The name of the type that [`user`](Self::user) can be asked for.
    pub fn user_type_name(&self) -> &'static str {
        self.user.type_name
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("policy", &self.policy)
            .field("issuers", &self.trusted.iter().map(|t| &t.issuer).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("principal", &self.principal)
            .field("user", &self.user.type_name)
            .finish()
    }
}
