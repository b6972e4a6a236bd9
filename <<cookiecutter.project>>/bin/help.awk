# Prints a Makefile's `##@ group` and `target: … ## what it does` comments.
BEGIN { FS = ":.*## "; bold = plain = ""
        if (ENVIRON["NO_COLOR"] == "" && system("test -t 1") == 0) { bold = "\033[1m"; plain = "\033[0m" } }
/^##@ / { printf "\n%s%s%s\n", bold, substr($0, 5), plain }
/^[a-z-]+:.*## / { printf "  %-16s %s\n", $1, $2 }
END { print "" }
