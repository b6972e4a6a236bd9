"""Note where the project came from, make its first commit, and say what to type next.

Most of what `subprocess`, `json` or `pathlib` would cost here is their import, a fifth of the time
that it takes to generate a project; hence only `os`, which Python has loaded anyway.
"""

import os

# Valid Python before and after rendering: literal leaves no quote that could end the string.
NOTES = "<< cookiecutter | notes | literal >>"

# For the first commit of someone who has not told git a name yet.
FALLBACK = ("-c", "user.name=Slipway", "-c", "user.email=slipway@example.invalid")
# As a setting, and not as `init -b`, an old git passes over the name of the branch.
ON_MAIN = ("-c", "init.defaultBranch=main")
# One pack of everything takes a third of the time of an object for each file, compressing it half
# as long again to save a megabyte; and what a power cut takes now is soon generated again.
QUICKLY = ("-c", "core.bigFileThreshold=1", "-c", "core.compression=0", "-c", "core.fsync=none")
# glibc hands git's buffers back to the kernel after every file, only to ask for them again: as long
# again as all the rest of `git add`. Other C libraries pass over these words.
KEEPING_MEMORY = {"MALLOC_TOP_PAD_": "67108864", "MALLOC_TRIM_THRESHOLD_": "268435456"}
# Nothing to tidy yet, so git need not start a process to find that out.
UNTIDIED = ("-c", "maintenance.auto=false", "-c", "gc.auto=0")


def main() -> None:
    """Finish the generated project, which is the working folder."""
    title, started_in, message, record = NOTES.split("\0")
    with open(".cookiecutter.json", "w", encoding="utf-8") as file:
        file.write(record)
    here = os.getcwd()
    left = first_commit(here, message)

    print(f"\n{title} is ready.", *filter(None, [left]), sep="\n")
    print("\nNext:")
    print(f"  cd {quoted(os.path.relpath(here, started_in))}")
    print("  make repro")
    print("  make help", flush=True)


def first_commit(here: str, message: str) -> str | None:
    """Make the project a git repository with one commit; where that is not to be, say why."""
    if is_within_repository(here):
        return "The folder lies in a git repository already, so it is left to you to commit it."
    save = (*QUICKLY, *UNTIDIED, "commit", "--quiet", "--message", message)
    git(*ON_MAIN, "init", "--quiet")
    git(*QUICKLY, "add", "--all")
    complaint = git(*save)
    if complaint is not None:
        complaint = git(*FALLBACK, *save)
    if complaint is not None:
        return f"There is no first commit yet: {complaint}."
    return None


def is_within_repository(folder: str) -> bool:
    """Tell whether the folder or one above it is a git repository."""
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True


def git(*arguments: str) -> str | None:
    """Run git quietly; return its complaint in one line where it failed or is not there."""
    said, to_say = os.pipe()
    redirections = [
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, to_say, 2),
    ]
    try:
        process = os.posix_spawnp(
            "git", ["git", *arguments], os.environ | KEEPING_MEMORY, file_actions=redirections
        )
    except FileNotFoundError:
        os.close(said)
        return "git was not found"
    finally:
        os.close(to_say)
    with open(said, encoding="utf-8", errors="replace") as stream:
        complaint = " ".join(stream.read().split())
    _, status = os.waitpid(process, 0)
    return complaint if status else None


def quoted(path: str) -> str:
    """Quote a path for a shell, where it needs that."""
    if path.replace("/", "").replace("-", "").replace(".", "").replace("_", "").isalnum():
        return path
    from shlex import quote

    return quote(path)


if __name__ == "__main__":
    main()
