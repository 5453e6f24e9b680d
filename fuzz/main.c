/* walkdiff, the command: finds the subcommand and hands over. */
#include <string.h>

#include "fuzz/cmd.h"

static const struct cmd cmds[] = {
	{ "repro", cmd_repro, "run programs or crash files through all judges, report a failure" },
	{ "show", cmd_show, "print any program as text, or turn text into bytes" },
	{ "min", cmd_min, "shrink a failing program, keeping its failing check" },
	{ "why", cmd_why, "tell at which step the failure of a race became likely" },
	{ "diff", cmd_diff, "run programs on two implementations and tell where they differ" },
	{ "fuzz", cmd_fuzz, "fuzz every target and format for some time" },
	{ "seeds", cmd_seeds, "write the corpus as seeds and dictionaries for fuzzing engines" },
	{ "random", cmd_random, "run random programs, without an engine, until a judge says no" },
	{ "exhaust", cmd_exhaust, "try every sequence of operations on a small format" },
	{ "interleave", cmd_interleave, "run every order of a small race's events" },
	{ "import", cmd_import, "turn a recorded kernel trace into programs" },
	{ "replay", cmd_replay, "run a recorded kernel trace through all judges" },
	{ "formats", cmd_formats, "list the formats, their variants, levels and leaf sizes" },
	{ "bench", cmd_bench, "measure, as ratios within one run" },
};

#define NR_CMDS (sizeof(cmds) / sizeof(cmds[0]))

static void print_help(FILE *out)
{
	fputs("Usage: walkdiff SUBCOMMAND [OPTION...]\n"
	      "Fuzzing and differential testing of radix page tables.\n\n",
	      out);
	for (size_t i = 0; i < NR_CMDS; i++)
		fprintf(out, "  %-10s %s\n", cmds[i].name, cmds[i].what);
	fputs("\nwalkdiff SUBCOMMAND --help tells its options.\n"
	      "Exit codes: 0 all well, 1 a judge says no, 2 unusable input or option,\n"
	      "3 inconclusive.\n",
	      out);
}

int main(int argc, char **argv)
{
	argp_err_exit_status = EXIT_UNUSABLE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		complain("which subcommand? walkdiff --help lists them");
		return EXIT_UNUSABLE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return 0;
	}
	for (size_t i = 0; i < NR_CMDS; i++)
		if (!strcmp(argv[1], cmds[i].name)) {
			static char name[32];

			snprintf(name, sizeof(name), "walkdiff %s", cmds[i].name);
			argv[1] = name;
			return cmds[i].run(argc - 1, argv + 1);
		}
	complain("unknown subcommand '%s'; walkdiff --help lists them", argv[1]);
	return EXIT_UNUSABLE;
}
