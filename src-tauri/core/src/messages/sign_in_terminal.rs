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
        false => format!("Holdoff opened {owner}'s own sign-in here. Continue in your browser."),
        true => format!("Holdoff started {owner} here. Type /login to sign in, and /exit when you are done."),
    };
    SignInTerminal {
        intro,
        done: format!("{owner} has exited. If you signed in, Holdoff has noticed it by now."),
        failed: format!("{owner} exited with an error; see its output above. Exit code:"),
        close: "Press Enter to close this window.".to_owned(),
    }
}
