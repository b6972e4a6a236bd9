"""Note where the project came from, make its first commit, and say what to type next."""

import json
import os
import shlex
import subprocess
from pathlib import Path

# Valid Python before and after rendering: tojson leaves no quote that could end the string.
GIVEN = r"""<< {'context': cookiecutter, 'started_in': started_in} | tojson >>"""

# For the first commit of someone who has not told git a name yet.
FALLBACK = ("-c", "user.name=Slipway", "-c", "user.email=slipway@example.invalid")
# As a setting, and not as `init -b`, an old git passes over the name of the branch.
ON_MAIN = ("-c", "init.defaultBranch=main")
# One pack of everything takes a third of the time of an object for each file.
IN_ONE_PACK = ("-c", "core.bigFileThreshold=1")
# Nothing to tidy yet, so git need not start a process to find that out.
UNTIDIED = ("-c", "maintenance.auto=false", "-c", "gc.auto=0")


def main() -> None:
    """Finish the generated project, which is the working folder."""
    given = json.loads(GIVEN)
    context, started_in = given["context"], Path(given["started_in"])
    commit = commit_of(started_in / context["_repo_dir"])
    write_record(context, commit, started_in)
    left = first_commit(context["project"], commit)

    print(f"\n{context['title']} is ready.", *filter(None, [left]), sep="\n")
    print("\nNext:")
    print(f"  cd {shlex.quote(os.path.relpath(Path.cwd(), started_in))}")
    print("  make repro")
    print("  make report", flush=True)


def commit_of(folder: Path) -> str | None:
    """Return the commit that is checked out in a folder, where that is a repository of its own."""
    if not (folder / ".git").exists():
        return None
    return git("-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD").stdout.strip() or None


def write_record(context: dict[str, str], commit: str | None, started_in: Path) -> None:
    """Note the template and the answers, for a later `make template-update`."""
    folder = started_in / Path(context["_template"]).expanduser()
    record = {
        "template": str(folder.resolve()) if folder.exists() else context["_template"],
        "commit": commit,
        "answers": {key: value for key, value in context.items() if not key.startswith("_")},
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    Path(".cookiecutter.json").write_text(text, encoding="utf-8")


def first_commit(project: str, commit: str | None) -> str | None:
    """Make the project a git repository with one commit; where that is not to be, say why."""
    here = Path.cwd()
    if any((folder / ".git").exists() for folder in (here, *here.parents)):
        return "The folder lies in a git repository already, so it is left to you to commit it."
    message = f"Generate {project} from Slipway\n"
    message += f"\nTemplate-Commit: {commit}\n" if commit else ""
    save = (*UNTIDIED, "commit", "--quiet", "--message", message)
    git(*ON_MAIN, "init", "--quiet")
    git(*IN_ONE_PACK, "add", "--all")
    done = git(*save)
    if done.returncode:
        done = git(*FALLBACK, *save)
    if done.returncode:
        return f"There is no first commit yet: {' '.join(done.stderr.split())}."
    return None


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git quietly and return what came of it; also where there is none."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 127, "", "git was not found")


if __name__ == "__main__":
    main()
