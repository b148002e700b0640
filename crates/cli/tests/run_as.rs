//! Commands of other users, with real processes.

use std::process::{Command, Output};

use nix::unistd::{Uid, User, getgrouplist};

fn punctual_become(user: &str, directory: &str, script: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_punctual"))
        .args(["become", user, directory, "--", "/bin/sh", "-c", script])
        .output()
        .unwrap()
}

/// Returns the ids of the user's groups in the system's database, sorted.
fn groups_of(user: &User) -> Vec<String> {
    let name = std::ffi::CString::new(&*user.name).unwrap();
    let mut groups: Vec<_> = getgrouplist(&name, user.gid).unwrap();
    groups.sort_by_key(|gid| gid.as_raw());
    groups.dedup();
    groups.iter().map(ToString::to_string).collect()
}

/// As root, a command gets the user, the group and the supplementary groups of another user, and none of root's; other
/// users get an error.
#[test]
fn a_command_runs_as_its_user_or_is_rejected() {
    let nobody = User::from_name("nobody").unwrap().unwrap();
    let output = punctual_become("nobody", "/usr", "id -u; id -g; id -G; pwd");
    if !Uid::effective().is_root() {
        assert_eq!(output.status.code(), Some(126));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with("punctual: nobody: can't "), "{error}");
        return;
    }
    let printed = String::from_utf8(output.stdout).unwrap();
    let [uid, gid, groups, directory] = printed.lines().collect::<Vec<_>>()[..] else {
        panic!("{printed}");
    };
    assert_eq!((uid, gid, directory), (&*nobody.uid.to_string(), &*nobody.gid.to_string(), "/usr"));
    let mut groups: Vec<_> = groups.split(' ').map(str::to_owned).collect();
    groups.sort_by_key(|gid| gid.parse::<u32>().unwrap());
    assert_eq!(groups, groups_of(&nobody));
}

#[test]
fn a_command_runs_in_the_root_directory_if_its_own_does_not_exist() {
    if Uid::effective().is_root() {
        let output = punctual_become("nobody", "/no/such/home", "pwd; exit 7");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "/\n");
        assert_eq!(output.status.code(), Some(7), "the exit status is that of the command");
    }
}

#[test]
fn an_unknown_user_is_an_error() {
    let output = punctual_become("no-such-user", "/", "true");
    assert_eq!(output.status.code(), Some(126));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "punctual: there is no user no-such-user\n"
    );
}
