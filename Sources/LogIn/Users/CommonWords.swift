/// Words of which the commonest passwords consist: what is left of the lists of leaked passwords without digits and signs,
/// with the names of months, days and seasons and what people are given as a first password, English and German.
enum CommonWords {
    /// Lower case, 3 to 24 letters.
    static let all = Set(text.split { $0 == " " || $0 == "\n" }.map { Array($0.utf8) })
    static let lengths = 3...24

    private static let text = """
        aaliyah aaron abcd abcde abcdef abcdefg abcdefgh abhishek abigail abraham access account acmilan adam adgjmptw
        adidas aditya admin administrator adrian adriana aezakmi africa agent airforce akopa alabama alaska albert alberto
        alejandra alejandro aleksandr aleksandra alessandra alessandro alessia alessio alex alexander alexandra alexandre
        alexandru alexia alexis alfred alfredo alibaba alice alicia alison alladin allah allen allison almond alpha always
        alyssa amanda amber amelia america american amigos amore amoremio amores amour amsterdam anamaria anastasia anderson
        andre andrea andreas andreea andrei andres andrew andrey andromeda andy angel angela angelica angelina angelito
        angelo angels angie anhyeuem animal animals anjali annette annie anthony antoine anton antonella antonia antonio
        anything aobo apache apollo apple applepie apples april aquarius arabella aragorn archie area argentina ariana
        arianna arizona armando armani arnold arsenal arthur artist arturo asdasd asdasdasd asddsa asdf asdfasdf asdfg
        asdfgh asdfghj asdfghjk asdfghjkl asdfjkl asdqwe asdzxc ashley ashton aspirine assassin asshole asterix athena
        atlanta atlantis audrey august aurelie aurora austin australia autumn avalon avatar avrillavigne awesome azerty
        azertyuiop azsxdc babies baby babyblue babyboy babycakes babydoll babyface babygirl babygurl babyko babylove bacchus
        backspace badass badboy badger badoo bailey baller ballin bambam bamboo banana bananas banane bandit barbara barbie
        barcelona barney baseball basket basketball bastard batista batman baxter bball bear bearshare beatles beatrice
        beatriz beautiful beauty beaver beckham believe bella benfica benjamin benson bentley berlin bernard bernie best
        bestfriend bethany bettyboop bianca bigboy bigdaddy bigdick bigdog bigman bigred billabong billy billybob bingo
        birdie birthday biscuit bishop bismillah bitch bitches biteme blabla blablabla black blackberry blackcat blackie
        blackjack blacky blah blahblah blake blazer blessed blessing blink blizzard blonde blondie blood blossom blowme blue
        blueberry bluebird blueeyes bluefish bluemoon bluesky bobby bobmarley bogdan bollocks bonbon bond bonita bonjour
        bonnie boobies boobs booger boogie boomer boricua boston boubou bowling bowwow boxcar bozo bradley brandi brandon
        brandy brasil braves brazil breanna brenda brendan brian brianna britney brittany broken broncos brooke brooklyn
        brother brown brownie bruno brutus bryan bscirc bubba bubble bubblegum bubbles buddha buddy budlight buffalo buffy
        bulldog bulldogs bullet bullshit bunny burrito burton business buster butter buttercup butterfly butthead buttons
        cactus cadillac caitlin california callie callofduty callum calvin camaro cambiami camero cameron camila camilla
        camille campbell canada cancer candy cantik canyon caprice capricorn captain caramel carebear career carlitos carlos
        carmen carolina caroline carpediem carrie carson carter cartman casablanca casanova casey cashmoney casino casper
        cassandra cassidy cassie catalina catch catdog catfish catherine cdtnkfyf cecilia cedric celeste celine celtic cent
        chacha champion chance chandler chanel change changeme chargers charlene charles charlie charlotte charly charmed
        chase cheater cheer cheese chelsea chemistry cherokee cherry cheryl chester chevelle chevrolet chevy cheyenne chiara
        chicago chichi chicken chico children chipper chivas chloe chocolat chocolate chopper chouchou chris chrisbrown
        chrissy christ christian christina christine christmas christophe christopher christy chubby church ciaociao ciccio
        cinderella cindy cinnamon cjkysirj cjkywt cjmasterinf claire classic classof claudia claudio clayton clement
        cleopatra clifford cloud clover clowns cnjqrf cocacola coconut coffee colleen college collins colombia colorado colt
        comeer comeon coming company compaq computer connect connie connor control cookie cookies cool cooldude coolio
        coolman cooper copper corazon corona correcthorsebatterystaple corvette cosmopolitan cotton coucou cougar counter
        country coupons courtney cowboy cowboys coyote cracker crazy creative cricket cristian cristina crystal cthutq cubs
        cuddles cupcake curtis cuteako cutie cutiepie cxfcnmt cynthia daddy daddysgirl daisy dakota dalejr dallas dalton
        damian damien damilola dance dancer danger daniel daniela daniele danielle daniels danilo danny darkangel darkness
        darling darren darwin dave david davide dbrnjhbz dearbook death debbie deborah december deejay deepak default
        defender deftones delete delfin demo denis denise dennis denver derrick design desiree destiny detroit devil devils
        dexter dezember dfvgbh diablo diamond diamonds diana dianne dick dickhead dienstag diesel dietcoke digger digital
        dillon dinamo dingdong dinosaur diosesfiel dipset disney disturbed divine diwtgm dixie dkflbvbh doctor dodgers
        doggie doggy dollar dolphin dolphins dominic dominik dominique domino donald donkey donnerstag doodle dorothy doudou
        douglas dpbk dragon dragonball dragonfly dragons dreamer dreams driver drowssap drpepper drummer dthjybrf ducati
        dude dumbass duncan dupont dustin dusty dylan eagle eagles eastside eclipse eddie eduardo education edward
        edwardcullen eeyore einstein ekaterina elaine electra element elena elephant eleven elijah elizabeth ellie elodie
        elvis emerald emilie emily eminem emma emmanuel empire energy engineer england english enigma enrique enter
        enterprise entropy eric ericsson erika ernesto esmeralda esperanza esteban esther estrella eternity ethan eugene
        evelyn everton evildick evolution evony example exigent explorer extreme fabian facebook faith fake falcon familia
        family famous fantasy fashion fatass fatboy fatcat father fatima favour februar february federica federico felicia
        felipe felix fellow fender fernanda fernando ferrari ficken fiesta fighter finalfantasy fire fireball firebird
        fireman fish fisher fishing fktrcfylh fktrctq flamingo flatron flipper florence flores florian florida flower
        flowers fluffy flying fondoom football fordf forest forever forget formula fortuna fountain france frances francesca
        francesco francis francisco franco frank frankie franklin freckles fred freddie freddy frederic free freedom freeman
        freitag fresh friday friend friends friendship friendster froggy frosty fruehling fruhling fuck fucker fucking
        fuckit fucklove fuckme fuckoff fucku fuckyou fuku funny future fyfcnfcbz fylhtq gabby gabriel gabriela gabriele
        gabriella gabrielle gagged galatasaray galaxy galina gandalf ganesh gangsta gangster garcia garden garfield garrett
        gateway gators gbpltw geheim gemini general genesis genius george georgia gerald gerard german germany geronimo
        getmoney gettherefast gfhjkm gfhjkmgfhjkm ghbdtn ghbdtnbr ghetto ghjcnj giants gibson gilbert ginger giovanna
        giovanni girls giulia giuseppe gizmo gjkbyf gladiator global gloria godbless goddess godfather godisgood godisgreat
        godislove godzilla golden goldfish goldie golf golfcourse golfer gonzalez goober good goodboy goodluck google
        googletester gordon gorgeous gothic grace gracie graham grandma granny great green greenday gregor gregory griffin
        groupd guest guinness guitar gundam gunner gustavo gwerty habibi hacker hailey hallo halloween hamilton hammer
        hamster handball handsome hannah hanuman happiness happy hardcore harley harmony harold harris harrison harry
        harrypotter harvey hassan hawaii hawkesbury hayden hayley heart hearts heather heaven hector helena hello hellokitty
        helpme hendrix henry herbst hercules herman hermione hernandez hershey hesoyam heterosexual heyhey hfjdk hilary
        hiphop hitler hitman hjvfirf hobbit hockey hola holden holiday holland hollister holly hollywood homelesspa homer
        honda honey hongkong hookem hornet horse horses hotboy hotdog hotmail hotrod hotstuff hottie hotties houston howard
        hughes hummer hunter ibanez ibrahim icecream icehouse iceman ichliebe ichliebedich idontknow iforgot ihateyou
        illinois ilove ilovegod ilovehim ilovejesus iloveme iloveu iloveyou iluvu imissyou immortal imyaimyaimya incubus
        india indian indiana indigo indonesia inferno infinity info ingodwetrust ingrid inlove insane insanity internet
        inuyasha ireland irish ironmaiden ironman isabel isabella isabelle isaiah israel istanbul italia ivanov iverson jack
        jackass jacket jackie jackson jacob jacobs jaguar jaimatadi jakarta jake jakjak jamaica james jamesbond jamie janice
        janine januar january jasmin jasmine jason jasper javier jayden jayjay jayson jazzy jeanne jeffrey jellybean
        jennifer jenny jeremiah jeremy jerome jerry jersey jesse jessica jessie jester jesus jesuschrist jesuslovesme
        jetaime jeter jillian jimmy jkiuztdftl joanna joanne joejoe joel johanna john johncena johnjohn johnny johnson joker
        jonathan jordan jose joseph josephine josh joshua jrcfyf judith juggalo juli julia julian juliana julie julien
        juliet juliette julius july jumpman june jungle juni junior jupiter justdoit justice justin justinbieb justinbieber
        justine justme juventus kaiser kaitlyn kaktus karate karen karina karolina katana katerina katherine kathleen
        kathryn katie katrina kawasaki kayla kaylee kelly kelsey kelvin kennedy kenneth kennwort kenny kenshin kent kermit
        kevin keycloak kickass killa killer kimberly king kingdom kingkong kingston kirill kisses kissme kissmyass kitkat
        kitten kitty kittycat kittykat klaster knackwurst knight knopka kobe kolobok krishna kristen kristin kristina
        kristine kurt labrador lacrosse ladybug ladygaga laguna lakers lakshmi lancer lane laptop larisa larissa larry
        lastfm lasvegas laura lauren laurent lavender lawrence leavemealone lebron legend legolas leonard leonardo leslie
        lester letmein letter liberty liebe lighthouse lightning lightpower liliana lilly lilmama lilwayne lincoln linda
        lindsay lindsey linked linkedin linkin linkinpark lionking lisa little liverpool lizard lizottes lizzie lkjhgfdsa
        logan login logitech lolipop lolita lollipop lollypop london lonely longhorns looking lorena lorenzo lorraine loser
        louise loulou love lovebug loveless lovelife lovelove lovelovelove lovely loveme lover loverboy lovers loveu loveyou
        loving lucas lucifer lucky lvbnhbq mackenzie maddie maddog madeline madison madman madmax madonna madrid maerz
        maganda magdalena maggie magic magnet magnolia magnum mahal mahalkita mahalko maison makaveli maksim malibu mamamia
        mamapapa mamita manager manchester mandy manman manson manuel manuela manutd maprchem maradona marcel marcelo march
        marco marcos marcus margaret margarita maria mariah mariam marian mariana marianna marianne marie marijuana marilyn
        marina marine marines mario marion mariposa marisa marissa marius mark marketing markus marlboro marlene marley
        marlon marseille marshall martha martin martina martinez martini marvin mary maryjane mason massimo master mate
        mathew matilda matrix matt matteo matthew maureen maurice mauricio maverick maxime maximus maxine maxmax maxwell
        medicine megaman megan megaparol melanie melissa melody melvin mendoza mercedes mercury merlin mermaid metal
        metallica mexican mexico miamor michael michaela michal micheal michel michele michelle michigan mickey microsoft
        midnight mierda miguel mike mikey milan milano milena miller millie million minecraft minnie miracle miranda miriam
        mission missy mister misty mitchell mittwoch mnbvcxz mobile moderncombat mohamed mohammed mollie molly moloko momdad
        mommy monalisa monday money monica monika monique monitor monkey monkeys monster montag montana montreal mookie
        moonlight moose morena morgan morris morrison motdepasse mother motherfucker motherlode motocross motorola mountain
        mouse mozart muffin muhammad munchkin murphy music musica mustafa mustang mybaby mykids mylife mylove myname mynoob
        mypassword myself myspace nadine napoleon napoli naruto nascar nastya natali natalia natalie natasha nathalie nathan
        nathaniel natiichen naughty needforspeed nelson nemesis network never nevermind newcastle newlife neworleans newport
        newton newyork nfnmzyf nicholas nichole nick nicola nicolas nicole nigeria nigga nigger nightmare nikita nikki
        nikola ninja nintendo nirvana nissan nokia nonmember norman norte norton nothing november noway nugget null number
        nuttertools oauth oblivion oceane ocpoook october office ohmnamah oicu oksana oktober olamide olga oliver olivia
        olivier omsairam onedirection onelove online open orange orlando oscar osiris outlaw packers paddle paige paintball
        pakistan paloma pamela panasonic pancho panda pandora panget pantera panther panthers panzer papamama papillon
        paradise paramore paris parker parola pasaway pascal pass passat passer passion passport passw passwd password
        passwort pastor patches patricia patrick patriots paul paulina pauline pavilion peace peaches peanut peanutbutter
        pebbles peewee pegasus pencil penelope penguin penis penny people pepito pepper pepsi perfect personal peter
        peterpan peugeot phantom philip philips phillip phoebe phoenix piazza picasso pickle pickles pierre piglet pikachu
        pimp pimpin pineapple pink pinkfloyd pinky pioneer pippo pirate pisces pitbull pizza platinum playboy player
        playstation please pogiako point poison poiuyt poiuytrewq pokemon polaris police polina polniypizdec polska poohbear
        pookie poopie poopy popcorn popeye poppy pornstar porsche portcullis portugal potato potter power powers praise
        precious predator preston pretty prettygirl prince princesa princess princesse private privet priyanka professional
        promise przyjaciolki psycho pumpkin punk punkrock puppies puppy purple pussy pussycat pwd qawsed qawsedrf qazqaz
        qazwsx qazwsxedc qazwsxedcrfv qazxsw qazxswedc qazxswedcvfr queen quentin qwas qwaszx qweasd qweasdzxc qweqwe
        qweqweqwe qwer qwerasdf qwerasdfzxcv qwerqwer qwert qwerty qwertyasdfgh qwertyqwerty qwertyu qwertyui qwertyuio
        qwertyuiop qwertyytrewq qwertz rabbit rachel racing radiohead rafael ragnarok rahasia raiders rainbow rajesh
        rammstein ramona random randy ranger rangers raphael raptor raquel rascal rastaman raven raymond rayray rbhbkk
        realmadrid rebecca rebel redbull reddog redhead redneck redred redrose redrum redskins redsox redwings reggie regina
        remember renata renee rental research residentevil respect retard revolution rfnthbyf rfrfirf rhbcnbyf ricardo
        riccardo richard richie ricky riley rjntyjr robbie robert roberta roberto robin robinson rock rocker rocket
        rocknroll rockon rockstar rocky rodney rodrigo rodriguez roland rolltide romain roman romance romashka romeo ronald
        ronaldinho ronaldo ronnie rooney rooster root rosario roscoe rose rosebud rosemary rosie rough roxanne rsavoy
        runescape runner rush ruslan russell russia rusty ryan sabina sabrina sachin sadie saibaba saints sairam sakura
        salvador salvatore samantha samara samira sammie sammy sample sampson samsam samson samstag samsung samuel samurai
        sanane sanchez sandiego sandman sandra sandrine sandy sanjay santana santiago santos sapphire sara sarah sasha sassy
        sasuke satan saturday saturn savage savannah sayang scarface scarlet scarlett schalke schatz school scooby scoobydoo
        scooter scorpio scorpion scotland scott scotty scrappy scruffy season sebastian sebastien secret secure security
        selena semperfi september serega serena serenity sergei sergey sergio server service sesame seven sexsex sexxxy sexy
        sexybitch sexyboy sexygirl sexymama shadow shaggy shakira shalom shamrock shane shanna shannon sharon sharp shawn
        sheena sheila shelby shelly sherlock sherry shirley shit shithead shopping shorty sidney siemens sierra sigma silver
        silvia simba simon simona simone simple simpson simpsons singapore singer single sister skate skateboard skater
        skeeter skiffy skipper skippy skittles skorpion skyhawk skyline skywalker slayer slipknot smallville smile smiles
        smiley smith smoke smokey smokie smudge snickers sniper snoopy snowball snowboard snowflake snowman snuggles sobaka
        soccer softball soldier soleil solomon something sommer sonic sonnenschein sonntag sonyericsson sooners sophia
        sophie soulmate south southpark southside space spam spanky sparkle sparky spartak spartan special speedy spencer
        spider spiderman spike spirit spitfire spongebob spooky sporting sports spring sprite spurs sputnik stacey stalker
        stanley star starcraft stardust starfish stargate starlight startfinding startrek starwars starwarsfan status steaua
        steelers stefan stefangreil stefania stefano stella stellina stephanie stephen sterling steve steven stewart stinky
        stonecold storm stormy stratfor stratocaster stratus strawberry street strength student stupid subaru sublime
        subzero success suckit sugar sultan summer sunday sunflower sunny sunrise sunset sunshine super superman
        supernatural superstar sureno surfer surfing susana suzanne suzuki svetlana sweet sweetheart sweetie sweetness
        sweetpea sweets sweety swimming swordfish sydney system taco tamara tanner target tarzan tasha tatiana tattoo
        tatyana taurus taylor tdutybq teacher techno teddy teddybear telefon telephone temp temporary temppass temppassword
        tennis tequiero tequila teresa terminator test tester testing testpass testtest texas thailand thankyou thebest
        thegame theking theman theone theresa therock thomas thuglife thumper thunder thursday tianya ticket tiffany tiger
        tigers tigger timmy timothy tinker tinkerbell tinkle tintin titanic tobias token tokiohotel tomcat tommy tomtom tony
        tootsie topgun tornado toronto torres toshiba tottenham toyota transformers travel travis trevor trfnthbyf trigger
        trinidad trinity tripper trisha tristan trixie trooper trouble truelove trust trustno tucker tudelft tuesday turkey
        turtle tweety twilight twinkle twins twister tyler tyson uiopy ultimate underground undertaker unicorn united
        universal universe unknown unreal usdopaa user username vacation vaffanculo vagina valencia valentin valentina
        valentine valentino valera valeria valerie vampire vampires vanessa vanilla vegeta verbatim veronica veronika vfhbyf
        vfhecz vfksirf vfrcbv vfrcbvrf vfvjxrf victor victoria victory viking vikings viktor viktoria vincent vincenzo
        violet virgin virginia vision vivian vkontakte vladimir volcom volleyball voodoo voyager vqsablpzla vrbgqns walker
        wallace walter wangyut warcraft warhammer warren warrior warriors washington water watermelon watson wayne
        webhompass wedding wednesday weed welcome welcomeback weronika wesley westham westlife westside what whatever
        whitney wicked widget wildcat wildcats william williams willie willkommen willow wilson windows winner winnie
        winston winter wisdom wizard woaini wolfgang wolverine wolves wonder wonderful wordpass world wrestling wxcvbn
        xavier xbox yagjecc yahoo yamaha yankee yankees yasmin ybccfy ybrbnf yellow yfdbufnjh yfnfif yolanda yomama you
        youbye young youngmoney yourmom yousuck youtube ytrewq yuantuo yugioh yvonne zachary zaqwsx zaqxsw zeppelin zidane
        zoey zombie zoosk zvezda zxasqw zxcasdqwe zxcv zxcvbn zxcvbnm zxczxc
        """
}
