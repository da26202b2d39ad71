/* To be preloaded: the MuJoCo found seems to be another than the build's. */
int mj_version(void);

int mj_version(void)
{
    return 1;
}
