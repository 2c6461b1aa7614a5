/// Tokens that another implementation made (OpenSSL, through Python's cryptography); the private keys are gone.
enum ForeignTokens {
    /// `{"iss":"https://issuer.example","sub":"alice"}`, by each algorithm that the RFCs have no small example of.
    static let all: [(alg: String, jwk: String, token: String)] = [
        (
            "RS384", rsaKey,
            "eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.ZAbRIFGjV0iOtr3KXDXwTOEVrl"
                + "80DwlY5oEgFJL5EGBo6xfhABWZ4acB5I6Qwte4pxUgZSVBqDlUgDgSdfdcm5NES__OeKXPK__iaZPycrMuMMYEdU8jIvmB-VQ-bgi-r4-3Mdq6"
                + "wQd3Bl3MWWXvpgG52P29d7IQuFJaNIsAxEFeMc0YMWv0T4IU3bNDE3vMVH3RRQuREl507z_DpGt6DZOaM8UzbmmBpiqKlnBO23Sbw4Nb7qnNTU"
                + "hzME69_bleF_2BbUjUJ3BXu8M708YR5BPjxJuO-Lp5IVhlVjYXi_o6QK3aqhKY0eYOWotaHKEluHqHLDHrSYvPxYgB6KTcag"
        ),
        (
            "RS512", rsaKey,
            "eyJhbGciOiJSUzUxMiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.LWTKpSbSQyGFE81PpdCeljwCvT"
                + "Ba4ZNqG_5ETWcnBGX1EQBvvAQPtT9WSxQ0hfU-DG-tmlAj3Mgk1J1gHWsm8bO4lsU3arq10sUue67GlYGHCPRkNXGE3YLIZeOFji32CteMNKKp"
                + "HP-8KMOK949RrLxLCIryko12jL5OXsz0qTMdltBhdOpiHKr-oavkEBJucgqaM8nTIUzUUzWcRAGvyezliCKrFFaE9PCFKV4pScUa4GEfpd2i2w"
                + "PuDsmRoYyrXdzs8HOFYRPNJ1psPJ1v0_9BG35fyhn3XVOPqw1SYR0P_Tyb4uDL5td46BYwrDIkav_FERUQIZjMUqvlv1ybYQ"
        ),
        (
            "PS256", rsaKey,
            "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.b6JDtEcdPOtNMC_F_rX5OsCMC2"
                + "euY0XcGZpJpTrUVfpTCtunSRXn9l_H-gNm-1wUWWgNcOZb4clGq8R-UqovecwCR3yrLujFkedSnJ9uEg4N5qLxXp2_ecQshCMNoCRJG7_0ZHUJ"
                + "0oHsvYohtHelHD8Kg9VZ6DcZzorXojxCjdyCfZntWlQeYoniC2zGSV9FPcaV3o5YqbeSMBdEVb-cE-nPjBRSTPz_r7msnpdE-fyXaVLcu8tc7D"
                + "LHg8HFxvE__-YZfM-ws8B1V7bWYT17VwK3MLeuPa0Q4aPVcApvO9bnNe5XPBhfS-gdLLKL4kCTBhXMxX6mXeh0B_7YW4oTgw"
        ),
        (
            "PS384", rsaKey,
            "eyJhbGciOiJQUzM4NCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.mmCqGJojRhGgsd0PpPwBGrikCr"
                + "rMO9cmtHWPyr8TYuVpIHMfLDP5CH5dcSTTTz-GZvENLR7XbNgmYWM-2XWNdo6jZIoZzze_egen_3SsgZMg1wWAW7Ut9kKLCsLtcdwy1Poz0CqW"
                + "0MLCQI0TvqEPb59SkMtfVFFue4zDOEuP5V9n5A8CN9MU2fwP97t0WoXEOY-81efsxaPg3fR3EaLDljLhe9r5S3Ocj9TgWsJ_SdMaIw2mqvufEB"
                + "PKUTSWHYly8MmJ39rT8JrGOhTw3ltBTVEhZG5EYiXX6fNPMakLAphitTkQETzvl4RsWY-hWgqHFs7gMgKdk_OUG7UhdBFMzw"
        ),
        (
            "PS512", rsaKey,
            "eyJhbGciOiJQUzUxMiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.CFhyeQ5T4fjgadrBvZ1T8baBFY"
                + "DenVh3gdUYLZ-9wsx1AvZ2aKG-kntBlME1QUxBS0GxAlH6KCZ2WCEOpShLf2LT2DMLbFLSIH_oLkRTz0NJjBQAPczBC2AV6hMxyEMlI8sb0F-H"
                + "k7K8pjnlOPprg_gxQYB6MXtNGDElHPT693HEqLGPnH-M333jQ8YklVLENZrOSmazKttRR9wXGEbKBSjtl1XcRxzdswdzYULWNH5vG7XgrBZT-w"
                + "s56nE1hwSfmVQFjWiwwntYU_fVGylEe8lPODv_P_9p5gudXwuLRLBaAKow5QL3LjYfcq_7Qu2omhra44LZxb0e5xm6ePuLgg"
        ),
        (
            "ES384", p384Key,
            "eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.5VtgY_UQzGinZZelRnjjs72QK3"
                + "4Y_AvWw0j2ZTahRCBZ5Q3xkcwZo6u6xR4zSwinkdbgAKzERGPY2-6EWHBKROCWCw9L-4HYkhNIftrNxwsv05oophBWb5pAu3SUxGTF"
        ),
    ]

    /// PS256 with an empty salt; RFC 7518 §3.5 wants one of the length of the hash.
    static let ps256WithoutSalt =
        "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UifQ.eJk-jITPN4dqUYTg808ZwuRTWN"
        + "XQ60ozmRQEUM2KckA_-u4chNfAtq6QEm_YhbNLA5LfHvBNlMLanykxqQGXgXQhn5oDxVK9cvxiK0qnEgK3iO9aWC8YhD2EI_M97-93nLcS-b8p"
        + "epXoYEGLhFyVvEXYWCjslRlRgOdXF2qQUCvLVpCc90hg9ZoNCeXcPdeQJgLTx2jH6MFXOlol2t25Duk_NOL3nc5yWZr3eH7LUBueFY9hIrQ0Jb"
        + "nhgwEn9ofW8924KDQCjBy2cIRWM8jHDKWXTTB1RYi8dVSrSyD2Ec_zhHRMlgtj4YNDSDQOiO0n5AewD0FwN2tmPa9cq7CsvQ"
    static let rsaKey = #"""
        {"kty":"RSA","n":"p7DAqkDwARUokPufRvUNcp31dSZWlM-khC8IY6TrRTH4rBULreZ6faXtpNGDtecuXw7RfkDWLzAUMNThNpq0MqgZg8UHqfrPUlhv075mzw-_5ZZqsjLfb3pVbyKlxXqn6B4Jbh5NnOYD0Xw_PeD2RLvgxHhWC2Z3qHHtdxhd_M3BxNwn-E2bH7IbrMym3dMxg1AxN0QDpOFezL_JQWZw3JWWmUItMSMIn9AmmYSBDYWo3WgHshzJsn633Txsbwzil1lbxRwIcIZJHiMY-cX-2HEKnvpHjGLW-WnS1Lzq4SkJKp7LA-HGMyNZ2IYy0BkEBCOKqvfsQvimFzQLRT6Fkw","e":"AQAB"}
        """#
    static let p384Key = #"""
        {"kty":"EC","crv":"P-384","x":"4AsawuIVLeNLYADM4J3bpkQsUyrnCRENXeyKWj3qp5JbPadeu1HkCcsFF2xzybXe","y":"bzyteTrZn4cGu1Taq4OkRIi5Pb4unqwoHW67H1BKhYIJhro8QdrFoq1tTxIm-i_n"}
        """#
}
