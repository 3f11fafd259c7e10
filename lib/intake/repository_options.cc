#include "intake/repository_options.h"

#include "common/log.h"

namespace dbb::intake {

common::Options &addRepo(common::Options &options, std::string &repo) {
    return options.value("--repo", repo, "REPO",
                         "Repository: folder, YAML file or label of the repository index");
}

common::Options &addIgnoreObscore(common::Options &options, bool &ignore) {
    return options.flag("--ignore-obscore", ignore, "Write although a live ObsCore table is left as it is");
}

void warnOfObscore(butler::Repository const &repo) {
    if (!repo.hasObscore() || repo.access() == butler::Access::ReadOnly) return;
    common::log::warning("the live ObsCore table of \"" + repo.config().root + "\" is left as it is",
                         "bring it up to date when this is done: " + butler::obscoreRemedy(repo.config()));
}

} // namespace dbb::intake
