//! The command line.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::test::{Selected, Suite};

pub(crate) const HELP: &str = "\
The commands of this repository.

  cargo xtask run [-- ARGS]      build the web page and the server, start it with ARGS
  cargo xtask build              web page, client bundle and all release programs
  cargo xtask check [--fix]      formatting, lints, documentation, licences; --fix formats
  cargo xtask test [SUITE…]      every test, or some suites: cargo, instructions, seeds, server,
                                 recovery, cluster, client, pairs, typescript, autobahn, browser, load
  cargo xtask bench instructions [--accept]
                                 instruction counts against benches/instructions.json;
                                 --accept makes them the new baseline
  cargo xtask load [ARGS]        servers under load, see load/README.md; --quick, --help

A run of every suite writes docs/guide/compatibility.md: what is proven, and by which test.
SUITE=FOLDER runs the cases of another folder: seeds=../other/seeds.
With CI=true a test that cannot run is a failure. SEED_CMD, SERVER_CMD, CLIENT_CMD, TYPESCRIPT_CMD,
CHAT_CMD, USER_REGISTRY_CMD, ROOMCAST_CMD and LOAD_CMD put other programs to the test than this workspace's.
";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run { args: Vec<String> },
    Build,
    Check { fix: bool },
    Test { suites: Vec<Selected> },
    Bench { accept: bool },
    Load { args: Vec<String> },
    Help,
}

impl Command {
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut args = args.into_iter();
        let Some(name) = args.next() else {
            return Ok(Self::Help);
        };
        let rest: Vec<String> = args.collect();
        match (name.as_str(), rest.as_slice()) {
            ("run", []) => Ok(Self::Run { args: Vec::new() }),
            ("run", [dashes, args @ ..]) if dashes == "--" => Ok(Self::Run {
                args: args.to_vec(),
            }),
            ("run", [arg, ..]) => Err(unexpected(arg, "the server's arguments stand after `--`")),
            ("build", []) => Ok(Self::Build),
            ("check", []) => Ok(Self::Check { fix: false }),
            ("check", [flag]) if flag == "--fix" => Ok(Self::Check { fix: true }),
            ("test", suites) => {
                let suites = suites
                    .iter()
                    .map(|text| suite(text))
                    .collect::<Result<_, _>>()?;
                Ok(Self::Test { suites })
            }
            ("bench", [what]) if what == "instructions" => Ok(Self::Bench { accept: false }),
            ("bench", [what, flag]) if what == "instructions" && flag == "--accept" => {
                Ok(Self::Bench { accept: true })
            }
            ("bench", _) => Err(Failure::new(
                "expected `bench instructions`: the other benchmarks are run by `cargo bench`",
            )),
            ("load", args) => Ok(Self::Load {
                args: args.to_vec(),
            }),
            ("help" | "--help" | "-h", _) => Ok(Self::Help),
            ("build" | "check", [arg, ..]) => Err(unexpected(arg, "see `cargo xtask help`")),
            _ => Err(unexpected(
                &name,
                "the commands are run, build, check, test, bench and load",
            )),
        }
    }
}

/// Reads `NAME` or `NAME=FOLDER`.
fn suite(text: &str) -> Result<Selected, Failure> {
    let (name, folder) = match text.split_once('=') {
        Some((name, folder)) => (name, Some(PathBuf::from(folder))),
        None => (text, None),
    };
    let Some(suite) = Suite::ALL.into_iter().find(|suite| suite.name() == name) else {
        let names = Suite::ALL.map(Suite::name).join(", ");
        return Err(unexpected(text, &format!("the suites are {names}")));
    };
    if folder.is_some() && !suite.is_black_box() {
        return Err(unexpected(
            text,
            "only seeds, server and client take a folder",
        ));
    }
    Ok(Selected { suite, folder })
}

fn unexpected(arg: &str, hint: &str) -> Failure {
    Failure::new(format!("unexpected `{arg}`: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(str::to_owned))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn arguments_after_the_dashes_go_to_the_server() {
        let args = vec!["--port".to_owned(), "4000".to_owned()];

        assert_eq!(parse("run -- --port 4000"), Ok(Command::Run { args }));
    }

    #[test]
    fn server_arguments_without_dashes_are_refused() {
        let text = "unexpected `--port`: the server's arguments stand after `--`";

        assert_eq!(parse("run --port 4000"), Err(text.to_owned()));
    }

    #[test]
    fn the_arguments_of_load_go_to_its_runner() {
        let args = vec!["growth".to_owned(), "--reps".to_owned(), "5".to_owned()];

        assert_eq!(parse("load growth --reps 5"), Ok(Command::Load { args }));
    }

    #[test]
    fn test_without_names_selects_no_suite_in_particular() {
        assert_eq!(parse("test"), Ok(Command::Test { suites: vec![] }));
    }

    #[test]
    fn a_suite_may_name_the_folder_of_its_cases() {
        let seeds = Selected {
            suite: Suite::Seeds,
            folder: Some("../x/seeds".into()),
        };
        let server = Selected {
            suite: Suite::Server,
            folder: None,
        };

        let expected = Command::Test {
            suites: vec![seeds, server],
        };
        assert_eq!(parse("test seeds=../x/seeds server"), Ok(expected));
    }

    #[test]
    fn a_folder_for_a_suite_of_the_workspace_is_refused() {
        let text = "unexpected `cargo=x`: only seeds, server and client take a folder";

        assert_eq!(parse("test cargo=x"), Err(text.to_owned()));
    }

    #[test]
    fn new_counts_are_taken_only_when_asked_for() {
        assert_eq!(
            parse("bench instructions"),
            Ok(Command::Bench { accept: false })
        );
        assert_eq!(
            parse("bench instructions --accept"),
            Ok(Command::Bench { accept: true })
        );
        assert!(parse("bench").is_err());
        assert!(parse("bench instructions --accpet").is_err());
    }

    #[test]
    fn an_unknown_suite_is_answered_with_the_known_ones() {
        let text = "unexpected `seed`: the suites are cargo, instructions, seeds, server, recovery, cluster, client, pairs, typescript, autobahn, browser, load";

        assert_eq!(parse("test seed"), Err(text.to_owned()));
    }
}
