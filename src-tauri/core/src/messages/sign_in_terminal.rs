//! What is said in the terminal that is opened for a sign-in.

use crate::state::Provider;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInTerminal {
    pub intro: String,
    pub done: String,
    /// The exit code follows.
    pub failed: String,
    pub close: String,
}

/// `older` is an owner's program without a command of its own for signing in.
pub fn sign_in_terminal(provider: Provider, older: bool) -> SignInTerminal {
    let owner = provider.owner();
    let intro = match older {
        false => format!("Holdoff has opened {owner}'s own sign-in here. Follow it in your browser."),
        true => format!("Holdoff has started {owner} here. Type /login in it to sign in, and /exit when that is done."),
    };
    SignInTerminal {
        intro,
        done: format!("{owner} has ended. If it signed you in, Holdoff has noticed by now."),
        failed: format!("{owner} has ended with an error; what it said stands above. Exit code:"),
        close: "Press Enter to close this window.".to_owned(),
    }
}
