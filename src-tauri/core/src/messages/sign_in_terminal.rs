//! Messages in the terminal that Holdoff opens for signing in.

use crate::state::Provider;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInTerminal {
    pub intro: String,
    pub done: String,
    /// Followed by the exit code.
    pub failed: String,
    pub close: String,
}

/// `older`: the owner's program has no sign-in command.
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
