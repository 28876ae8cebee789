//! Rules for tools out of the signatures of their handlers.
//!
//! rmcp keeps a tool's handler as a closure, which does not tell the types of its arguments. The
//! function itself does, as the type parameter by which [`CallToolHandler`] is implemented for it:
//! [`tool_rules!`](crate::tool_rules) goes through these types. Only the macro uses this module.

use std::marker::PhantomData;

pub use mcp_auth_core::mcp::ToolRules;
use mcp_auth_core::{Requirement, permission::Need};
use rmcp::handler::server::tool::{
    AsyncAdapter, AsyncMethodAdapter, CallToolHandler, SyncAdapter, SyncMethodAdapter,
};

use crate::Caller;

/// Makes [`ToolRules`](mcp_auth_core::mcp::ToolRules) out of the signatures of tools: a tool that takes a
/// [`Caller<User, BookmarksWrite>`](Caller) requires `BookmarksWrite`, and any other is open to all who
/// may call the endpoint. List every tool by its function: `tool_rules!(Tools: whoami, add_bookmark)`. A
/// tool that has another name than its function is `add_bookmark as "add-bookmark"`.
///
/// Call it in the module of the tools, which are private functions as a rule, and let
/// [`check_tools`](crate::check_tools) find the tools that were forgotten. Further rules can follow.
///
/// ```
/// use mcp_auth_rmcp::{Caller, check_tools, tool_rules};
/// use rmcp::{tool, tool_router};
///
/// actix_mcp_auth::scopes! { pub BookmarksWrite = "bookmarks:write"; }
///
/// struct User;
/// struct Tools;
///
/// #[tool_router]
/// impl Tools {
///     /// Says who is signed in.
///     #[tool]
///     async fn whoami(&self, me: Caller<User>) {}
///
///     /// Deletes all bookmarks.
///     #[tool(name = "delete-all")]
///     async fn delete_all(&self, me: Caller<User, BookmarksWrite>) {}
/// }
///
/// let rules = tool_rules!(Tools: whoami, delete_all as "delete-all");
/// check_tools(&rules, &Tools::tool_router().list_all())?;
/// let needs: Vec<String> = rules.needs().map(ToString::to_string).collect();
/// assert_eq!(needs, ["bookmarks:write"]);
/// # Ok::<(), mcp_auth_rmcp::ToolRulesMismatch>(())
/// ```
#[macro_export]
macro_rules! tool_rules {
    (@name $tool:ident) => { ::core::stringify!($tool) };
    (@name $tool:ident $name:literal) => { $name };
    (@needs $needs:ident $arguments:expr;) => {
        let _ = $arguments;
    };
    (@needs $needs:ident $arguments:expr; $one:tt $($more:tt)*) => {
        let arguments = $arguments;
        // The first of the two traits that fits by as many references as there are.
        $needs.extend((&&arguments.first()).need());
        $crate::tool_rules!(@needs $needs arguments.rest(); $($more)*);
    };
    ($tools:ty: $($tool:ident $(as $name:literal)?),+ $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::signature::{NoRequirement as _, OfCaller as _};
        let rules = $crate::signature::ToolRules::new();
        $(
            let mut needs = ::std::vec::Vec::new();
            // As many arguments as rmcp allows.
            $crate::tool_rules!(
                @needs needs $crate::signature::arguments::<$tools, _, _>(<$tools>::$tool);
                . . . . . . . . . . . . . . . .
            );
            let name = $crate::tool_rules!(@name $tool $($name)?);
            let rules = $crate::signature::rule(rules, name, needs);
        )+
        rules
    }};
}

/// The types of a handler's arguments, as a list `(A, (B, ()))`.
pub struct Arguments<L>(PhantomData<fn() -> L>);

/// The type of one argument.
pub struct Argument<T>(PhantomData<fn() -> T>);

/// The arguments of a tool's handler.
pub fn arguments<S, A: Adapter, H: CallToolHandler<S, A>>(_: H) -> Arguments<A::List> {
    Arguments(PhantomData)
}

/// Adds the rule for a tool.
pub fn rule(rules: ToolRules, name: &str, mut needs: Vec<&'static Need>) -> ToolRules {
    let rule = rules.tool(name);
    match needs.pop() {
        None => rule.open(),
        Some(need) if needs.is_empty() => rule.requires_need(need),
        // Two callers in one signature: once, at start-up.
        Some(need) => {
            needs.push(need);
            rule.requires_need(Box::leak(Box::new(Need::All(needs.leak()))))
        }
    }
}

impl<T, L> Arguments<(T, L)> {
    /// The first argument.
    pub fn first(&self) -> Argument<T> {
        Argument(PhantomData)
    }

    /// All others.
    pub fn rest(self) -> Arguments<L> {
        Arguments(PhantomData)
    }
}

impl Arguments<()> {
    /// Nothing requires nothing.
    pub fn first(&self) -> Argument<()> {
        Argument(PhantomData)
    }

    /// There are no others.
    pub fn rest(self) -> Self {
        self
    }
}

/// What a [`Caller`] requires. It comes before [`NoRequirement`], which needs a reference less.
pub trait OfCaller {
    /// The requirement, if there is one.
    fn need(&self) -> Option<&'static Need>;
}

impl<U, R: Requirement> OfCaller for &Argument<Caller<U, R>> {
    fn need(&self) -> Option<&'static Need> {
        match R::NEED {
            Need::All([]) => None,
            need => Some(need),
        }
    }
}

/// What any other argument requires.
pub trait NoRequirement {
    /// Nothing.
    fn need(&self) -> Option<&'static Need> {
        None
    }
}

impl<T> NoRequirement for Argument<T> {}

/// By what rmcp implements handlers for functions.
pub trait Adapter {
    /// The types of the arguments, as a list.
    type List;
}

impl<P: Tuple, R> Adapter for AsyncMethodAdapter<P, R> {
    type List = P::List;
}

impl<P: Tuple, R> Adapter for SyncMethodAdapter<P, R> {
    type List = P::List;
}

impl<P: Tuple, F, R> Adapter for AsyncAdapter<P, F, R> {
    type List = P::List;
}

impl<P: Tuple, R> Adapter for SyncAdapter<P, R> {
    type List = P::List;
}

/// A tuple, as a list.
pub trait Tuple {
    /// `(A, (B, ()))` for `(A, B)`.
    type List;
}

impl Tuple for () {
    type List = ();
}

macro_rules! tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<$first, $($rest),*> Tuple for ($first, $($rest,)*) {
            type List = ($first, <($($rest,)*) as Tuple>::List);
        }
        tuples!($($rest)*);
    };
}

tuples!(T0 T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T11 T12 T13 T14 T15);

#[cfg(test)]
mod tests {
    use mcp_auth_core::{Principal, mcp::Demand, permission::Any, scopes};
    use rmcp::{
        RoleServer, handler::server::tool::ToolName, service::RequestContext, tool, tool_router,
    };

    use super::*;
    use crate::{MaybeCaller, check_tools};

    scopes! {
        Read = "read";
        Write = "write" implies Read;
    }

    type Writer = Caller<u8, Write>;

    struct Tools<T>(T);

    #[tool_router]
    impl<T: Send + Sync + 'static> Tools<T> {
        #[tool]
        async fn open(&self) {}

        #[tool]
        fn at_once(&self) -> String {
            String::new()
        }

        #[tool]
        async fn for_everybody(&self, _: Caller, _: MaybeCaller<u8>) {}

        #[tool]
        async fn first(&self, _: Caller<u8, Read>, _: ToolName) {}

        #[tool]
        fn last(&self, _: ToolName, _: RequestContext<RoleServer>, _: Writer) -> String {
            String::new()
        }

        #[tool(name = "no-method")]
        async fn no_method(_: Caller<Principal, Any<(Write, Read)>>) {}

        #[tool]
        async fn both(&self, _: Caller<u8, Read>, _: ToolName, _: Writer) {}
    }

    #[test]
    fn a_rule_is_what_the_signature_of_the_tool_requires() {
        let rules = tool_rules!(Tools<u8>: open, at_once, for_everybody, first, last,
            no_method as "no-method", both);
        let demanded = |name: &str| match rules.for_tool(name) {
            Demand::Nothing => "nothing".to_owned(),
            Demand::Permissions(need) => need.to_string(),
            other => format!("{other:?}"),
        };
        for (tool, expected) in [
            ("open", "nothing"),
            ("at_once", "nothing"),
            ("for_everybody", "nothing"),
            ("first", "read"),
            ("last", "write"),
            ("no-method", "write or read"),
            ("both", "read and write"),
        ] {
            assert_eq!(demanded(tool), expected, "{tool}");
        }
        assert_eq!(check_tools(&rules, &Tools::<u8>::tool_router().list_all()), Ok(()));
    }

    #[test]
    fn a_tool_that_was_forgotten_or_renamed_is_an_error_at_start_up() {
        let rules = tool_rules!(Tools<u8>: open, at_once, for_everybody, first, no_method, both);
        let mismatch = check_tools(&rules, &Tools::<u8>::tool_router().list_all()).unwrap_err();
        assert_eq!(mismatch.unruled(), ["last", "no-method"]);
        assert_eq!(mismatch.unknown(), ["no_method"]);
    }
}
